import ApusCore
import ApusSchema
import Backends
import DNSResolver
import Delivery
import MailSink
import NIOCore
import SMTPProtocol
import Testing

/// What lanes share: a site, a worker's connections and lanes, and turns. A worker against a sink on loopback.
@Suite(.timeLimit(.minutes(2)), .serialized) struct LaneSharingTests {
    /// A sink that takes so long for each message.
    static func slow(_ delay: Duration, recipient: String? = nil) -> MailSinkRules {
        var rule = WorkerTests.rule(.dot, .none, recipient: recipient)
        rule.delay = delay
        return MailSinkRules([rule])
    }

    @Test func domainsWithTheSameExchangersShareConnections() async throws {
        try await WorkerStage.run {
            $0.usesExchangers = true
            $0.configuration.lanes.connections = 2
            $0.configuration.lanes.messagesPerConnection = 1000
        } _: { stage in
            for host in ["one.test", "two.test"] { stage.resolver.setMX(host, host: host, address: [127, 0, 0, 1]) }
            // In another order of preference each: the same set all the same.
            stage.resolver.set("x.test", .mx, [.mx(preference: 10, host: "one.test"), .mx(preference: 20, host: "two.test")])
            stage.resolver.set("y.test", .mx, [.mx(preference: 5, host: "two.test"), .mx(preference: 7, host: "one.test")])
            try await stage.submit((0..<60).map { Messages.message($0, to: [$0 % 2 == 0 ? "a@x.test" : "a@y.test"]) })
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 60)
            #expect(stage.sink.statistics.connections <= 2)
            let lanes = await stage.worker.summary().lanes
            #expect(lanes.count == 1 && Set(lanes[0].destinations) == ["x.test", "y.test"])
            #expect(lanes[0].site == "one.test,two.test:\(stage.sink.addresses[0].port ?? 0)")
        }
    }

    /// The order of preference is that of the domain whose mail opens the connection.
    @Test func connectionsAreOpenedInTheDomainsOrder() async throws {
        try await WorkerStage.run {
            $0.usesExchangers = true
        } _: { stage in
            stage.resolver.setMX("up.test", host: "up.test", address: [127, 0, 0, 1])
            stage.resolver.setMX("other.test", host: "other.test", address: [127, 0, 0, 1])
            stage.resolver.set("x.test", .mx, [.mx(preference: 10, host: "up.test"), .mx(preference: 20, host: "other.test")])
            stage.resolver.set("y.test", .mx, [.mx(preference: 20, host: "up.test"), .mx(preference: 10, host: "other.test")])
            let before = stage.resolver.asked
            try await stage.submit(Messages.message(1, to: ["a@y.test"]))
            try await stage.drained()
            #expect(stage.resolver.askedNames.dropFirst(before).first { $0 != "y.test" } == "other.test")
        }
    }

    @Test func connectionsOfAllSitesAreBounded() async throws {
        let opener = Box<CountingOpener?>(nil)
        try await WorkerStage.run {
            $0.usesExchangers = true
            $0.configuration.laneBounds.connections = 3
            $0.configuration.lanes.messagesPerConnection = 1000
            $0.sink.rules = Self.slow(.milliseconds(5))
            $0.opener = { base in
                let counting = CountingOpener(base)
                opener.value = counting
                return counting
            }
        } _: { stage in
            let sites = 12
            for site in 0..<sites { stage.resolver.setMX("d\(site).test", host: "mx\(site).test", address: [127, 0, 0, 1]) }
            // The first site alone could keep all of them busy.
            try await stage.submit((0..<200).map { Messages.message($0, to: ["a@d0.test"]) })
            try await stage.submit((200..<310).map { Messages.message($0, to: ["a@d\(1 + $0 % (sites - 1)).test"]) })
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 310)
            #expect(try stage.waiting(.hold).isEmpty && stage.waiting(.retry).isEmpty)
            #expect(opener.value?.peak == 3)
            // Nobody waited for the first site's two hundred.
            let last = stage.sink.messages.lastIndex { $0.recipients != ["a@d0.test"] }
            #expect(try #require(last) < 300)
        }
    }

    @Test func laneOutOfUseMakesRoom() async throws {
        try await WorkerStage.run {
            $0.usesExchangers = true
            $0.configuration.laneBounds.lanes = 2
        } _: { stage in
            for site in 0..<8 {
                stage.resolver.setMX("d\(site).test", host: "mx\(site).test", address: [127, 0, 0, 1])
                try await stage.submit(Messages.message(site, to: ["a@d\(site).test"]))
                try await stage.drained()
            }
            #expect(stage.sink.statistics.messages == 8)
            #expect(try stage.waiting(.hold).isEmpty)
            #expect(await stage.worker.summary().lanes.count <= 2)
            // Closed with their lanes, and not when their time is over.
            await stage.sink.wait { $0.openConnections <= 2 }
        }
    }

    @Test func withoutALaneARecordIsHeld() async throws {
        try await WorkerStage.run {
            $0.usesExchangers = true
            $0.configuration.laneBounds.lanes = 1
            $0.sink.rules = Self.slow(.seconds(2), recipient: "slow*")
        } _: { stage in
            for site in 0..<2 { stage.resolver.setMX("d\(site).test", host: "mx\(site).test", address: [127, 0, 0, 1]) }
            try await stage.submit(Messages.message(0, to: ["slow@d0.test"]))
            await stage.sink.wait { $0.rules["rule"] == 1 }
            var late = Messages.message(1, to: ["a@d1.test"])
            late.hop = 3
            late.attempt = 1
            try await stage.submit([late])
            try await stage.bus.wait { _ in try! !stage.waiting(.hold).isEmpty }
            let held = try #require(try stage.waiting(.hold).first)
            // The third time in a row: for five minutes, and no attempt is counted.
            #expect(held.attempt == 1 && held.hop == 4)
            #expect(stage.bus.records(Topics.hold(.fiveMinutes)).count == 1)
            await stage.sink.waitForMessages(1)
            try await stage.drained()
            try await stage.putBack(.hold)
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 2)
        }
    }

    /// Bulk mail that keeps every connection it may have does not keep transactional mail to the same site waiting, nor its topic unread.
    @Test func transactionalDoesNotWaitForBulk() async throws {
        let bulk = Topics.outbound(queue: "default", class: .bulk)
        try await WorkerStage.run {
            $0.configuration = DeliveryConfiguration(queue: "default", classes: [.transactional, .bulk], helloName: "mail.test")
            $0.configuration.lanes.connections = 4
            $0.configuration.lanes.initialConnections = 4
            // Some 400 of the thousand fit, in small helpings.
            $0.configuration.ledger.octets = 2 << 20
            $0.configuration.batches.maximumBatchRecords = 50
            $0.configuration.drainDeadline = .zero
            $0.timeouts = SMTPTimeouts(all: .seconds(60))
            $0.sink.rules = Self.slow(.seconds(30), recipient: "bulk*")
            $0.expectsNoConnection = false
        } _: { stage in
            try await stage.bus.produce(try (0..<1000).map { try Messages.record(Messages.message($0, to: ["bulk@x.test"]), topic: bulk) })
            await stage.sink.wait { ($0.rules["rule"] ?? 0) == 3 }
            try await stage.submit((2000..<2010).map { Messages.message($0, to: ["a@x.test"]) })
            try await stage.drained()
            #expect(stage.sink.messages.map(\.recipients) == Array(repeating: ["a@x.test"], count: 10))
            // Three of four connections: the fourth is transactional mail's.
            #expect(stage.sink.statistics.rules["rule"] == 3)
        }
    }
}
