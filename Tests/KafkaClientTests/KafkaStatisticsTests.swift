import KafkaClient
import Testing

@Suite struct KafkaStatisticsTests {
    @Test func sumsBrokersAndPartitions() throws {
        let text = """
            { "name": "apus \\"x\\"", "msg_cnt": 3, "msg_size": 300, "txmsgs": 17, "rxmsgs": 4, "tx": 5, "tx_bytes": 6, "rx": 7, "rx_bytes": 8.5,
              "brokers": {
                "a:1/1": {"nodeid": 1, "state": "UP", "txerrs": 1, "rxerrs": 2, "txretries": 3, "req_timeouts": 4, "rtt": {"p99": 900},
                          "outbuf_latency": {"p99": 5}, "toppars": {"t-0": {"topic": "t", "partition": 0}}},
                "b:1/2": {"nodeid": 2, "state": "DOWN", "rtt": {"p99": 1200}, "txretries": 1},
                "bootstrap": {"nodeid": -1, "state": "UP", "txerrs": 100}
              },
              "topics": {"mail": {"batchcnt": {"p99": 1}, "partitions": {
                  "0": {"fetchq_cnt": 1, "fetchq_size": 10, "consumer_lag": 100, "txmsgs": 1, "txbytes": 2, "rxmsgs": 3, "rxbytes": 4},
                  "1": {"fetchq_cnt": 2, "fetchq_size": 20, "consumer_lag": -1, "txmsgs": 1, "txbytes": 2, "rxmsgs": 3, "rxbytes": 4},
                  "-1": {"txmsgs": 1000}}}},
              "cgrp": {"assignment_size": 2, "rebalance_cnt": 9}, "list": [1, [true, null], {}], "none": [] }
            """
        let statistics = try #require(KafkaStatistics(json: text))
        #expect(statistics.queuedRecords == 3 && statistics.queuedBytes == 300)
        #expect(statistics.sentRecords == 17 && statistics.receivedRecords == 4 && statistics.receivedBytes == 0)
        #expect(statistics.brokers == 2 && statistics.brokersUp == 1)
        #expect(statistics.requestErrors == 3 && statistics.requestRetries == 4 && statistics.requestTimeouts == 4)
        #expect(statistics.roundTripMicroseconds == 1200 && statistics.outputWaitMicroseconds == 5)
        #expect(statistics.assignedPartitions == 2 && statistics.rebalances == 9)
        let mail = try #require(statistics.topics["mail"])
        #expect(mail.lag == 100 && mail.fetchedRecords == 3 && mail.fetchedBytes == 30)
        #expect(mail.sentRecords == 2 && mail.sentBytes == 4 && mail.receivedRecords == 6 && mail.receivedBytes == 8)
    }

    @Test(arguments: ["", "{", "[]", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":\"x}", "{} {}", String(repeating: "{\"a\":", count: 200)])
    func refusesWhatIsNoObject(text: String) {
        #expect(KafkaStatistics(json: text) == nil)
    }

    @Test func aProducerHasSome() async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce((0..<100).map { KafkaFixture.message("\($0)", partition: 0) })
        var statistics: KafkaStatistics?
        // Statistics come by the clock; the suite's limit bounds the wait.
        while statistics?.sentRecords != 100 {
            try await Task.sleep(for: .milliseconds(20))
            statistics = producer.statistics
        }
        #expect(statistics?.topics["mail"]?.sentRecords == 100)
        #expect(statistics?.brokersUp == 1)
        await producer.close()
    }
}
