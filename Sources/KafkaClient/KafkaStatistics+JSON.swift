extension KafkaStatistics {
    /// From the text of a statistics event; nil when it is no JSON object.
    package init?(json text: UnsafePointer<CChar>) {
        self.init(json: String(cString: text))
    }

    /// From the text of a statistics event; nil when it is no JSON object.
    package init?(json text: String) {
        var reader = StatisticsReader(text)
        guard let root = reader.read(), case .object(let members) = root else { return nil }
        self.init()
        self.queuedRecords = root["msg_cnt"].number
        self.queuedBytes = root["msg_size"].number
        self.sentRecords = root["txmsgs"].number
        self.receivedRecords = root["rxmsgs"].number
        self.requests = root["tx"].number
        self.sentBytes = root["tx_bytes"].number
        self.responses = root["rx"].number
        self.receivedBytes = root["rx_bytes"].number
        for (_, broker) in members["brokers"]?.members ?? [:] where broker["nodeid"].number >= 0 {
            self.brokers += 1
            if broker["state"].text == "UP" { self.brokersUp += 1 }
            self.requestErrors += broker["txerrs"].number + broker["rxerrs"].number
            self.requestRetries += broker["txretries"].number
            self.requestTimeouts += broker["req_timeouts"].number
            self.roundTripMicroseconds = max(self.roundTripMicroseconds, broker["rtt"]["p99"].number)
            self.outputWaitMicroseconds = max(self.outputWaitMicroseconds, broker["outbuf_latency"]["p99"].number)
        }
        self.assignedPartitions = root["cgrp"]["assignment_size"].number
        self.rebalances = root["cgrp"]["rebalance_cnt"].number
        for (name, topic) in members["topics"]?.members ?? [:] {
            var sum = Topic()
            for (number, partition) in topic["partitions"].members where number != "-1" {
                sum.fetchedRecords += partition["fetchq_cnt"].number
                sum.fetchedBytes += partition["fetchq_size"].number
                sum.lag += max(partition["consumer_lag"].number, 0)
                sum.sentRecords += partition["txmsgs"].number
                sum.sentBytes += partition["txbytes"].number
                sum.receivedRecords += partition["rxmsgs"].number
                sum.receivedBytes += partition["rxbytes"].number
            }
            self.topics[name] = sum
        }
    }
}
