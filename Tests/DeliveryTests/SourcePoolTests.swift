import ApusCore
import ApusSchema
import Delivery
import MailSink
import Testing

/// Mail leaves from the addresses of its pool: a worker against a sink that sees them.
@Suite(.timeLimit(.minutes(2)), .serialized) struct SourcePoolTests {
    static func pool(_ addresses: [String], id: String = "pool") -> SourcePool {
        SourcePool(id: id, sources: addresses.map { .init(address: SourceAddress($0)!) })
    }

    static func message(_ number: Int, pool: String) -> Apus_V1_OutboundMessage {
        var message = Messages.message(number, to: ["a@x.test"])
        message.pool = pool
        return message
    }

    @Test func addressesTakeTurns() async throws {
        try await WorkerStage.run {
            $0.sourcePool = { account, name in
                #expect(account.rawValue == "111122223333")
                return name == "two" ? Self.pool(["127.0.0.2", "127.0.0.3"]) : nil
            }
        } _: { stage in
            try await stage.submit((0..<40).map { Self.message($0, pool: "two") })
            // Of a pool that is not there, and of none: the host's own.
            try await stage.submit([Self.message(100, pool: "gone"), Self.message(101, pool: "")])
            try await stage.drained()
            var bySource: [String: Int] = [:]
            for message in stage.sink.messages { bySource[message.remoteAddress, default: 0] += 1 }
            #expect(bySource == ["127.0.0.2": 20, "127.0.0.3": 20, "127.0.0.1": 2])
            // A lane each.
            let sites = await stage.worker.summary().lanes.map(\.site)
            #expect(sites.count == 3 && sites.contains { $0.hasSuffix(" from 127.0.0.3") })
        }
    }

    /// 192.0.2.1 is nobody's (RFC 5737): its messages are held, with no attempt counted, and leave from the other address then.
    @Test func addressThatIsNotTheHostsRests() async throws {
        try await WorkerStage.run {
            $0.sourcePool = { _, _ in Self.pool(["192.0.2.1", "127.0.0.2"]) }
        } _: { stage in
            try await stage.submit(Self.message(0, pool: "pool"))
            try await stage.drained()
            let held = try stage.waiting(.hold)
            #expect(held.map(\.attempt) == [0] && held.map(\.hop) == [1])
            #expect(try stage.events.isEmpty)
            try await stage.putBack(.hold)
            try await stage.submit((1..<10).map { Self.message($0, pool: "pool") })
            try await stage.drained()
            #expect(stage.sink.messages.count == 10)
            #expect(stage.sink.messages.allSatisfy { $0.remoteAddress == "127.0.0.2" })
            #expect(try stage.waiting(.hold).count == 1)
        }
    }

    @Test func poolWithoutAUsableAddressWaits() async throws {
        try await WorkerStage.run {
            $0.sourcePool = { _, name in
                name == "empty"
                    ? SourcePool(id: name, sources: []) : SourcePool(id: name, sources: [.init(address: SourceAddress("127.0.0.2")!, weight: 0)])
            }
        } _: { stage in
            try await stage.submit([Self.message(0, pool: "resting"), Self.message(1, pool: "empty")])
            try await stage.drained()
            // One that has no address of its own at all uses the host's.
            #expect(stage.sink.messages.map { $0.remoteAddress } == ["127.0.0.1"])
            #expect(try stage.waiting(.hold).map(\.pool) == ["resting"])
        }
    }

    @Test func otherPoolsAreLeftToOtherWorkers() async throws {
        try await WorkerStage.run {
            $0.configuration.pools = ["mine"]
        } _: { stage in
            try await stage.submit([Self.message(0, pool: "mine"), Self.message(1, pool: "other"), Self.message(2, pool: "")])
            try await stage.drained()
            #expect(stage.sink.messages.count == 1)
            #expect(try Set(stage.waiting(.hold).map(\.pool)) == ["other", ""])
            #expect(try stage.waiting(.hold).allSatisfy { $0.attempt == 0 })
            let summary = await stage.worker.summary()
            #expect(summary.pools == ["mine"])
            #expect(summary.heldPools == ["default", "other"])
        }
    }

    /// One address may not reach an exchanger that has only addresses of the other kind.
    @Test func addressOfTheOtherKindIsNotAsked() async throws {
        try await WorkerStage.run {
            $0.sourcePool = { _, _ in Self.pool(["::1"]) }
        } _: { stage in
            try await stage.submit(Self.message(0, pool: "pool"))
            try await stage.drained()
            #expect(stage.sink.statistics.connections == 0)
            #expect(try stage.events.first?.deliveryDelay.recipients[0].status == "4.4.4")
        }
    }
}
