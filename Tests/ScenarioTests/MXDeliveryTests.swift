import ChildProcesses
import NIOPosix
import DNSServer
import TestSupport
import Testing

extension Scenarios {
    /// Delivery by mail exchangers that a real DNS server names.
    @Suite
    struct MXDelivery {
        @Test
        func mailExchangersAreFoundAndTriedInOrder() async throws {
            try await Stage.run { stage in
                let dns = try await DNSZoneServer.start(group: MultiThreadedEventLoopGroup.singleton)
                // Loopback addresses of one port stand for servers of different hosts.
                let first = try await stage.startSink("first", host: "127.0.0.1")
                let second = try await stage.startSink("second", host: "127.0.0.2", port: first.port)
                dns.set("both.test", .mx(10, "mx1.both.test"), .mx(20, "mx2.both.test"))
                dns.set("mx1.both.test", .a("127.0.0.1"))
                dns.set("mx2.both.test", .a("127.0.0.2"))
                // Preference counts, not order; nobody listens at 127.0.0.3.
                dns.set("down.test", .mx(20, "mx2.both.test"), .mx(10, "mx.down.test"))
                dns.set("mx.down.test", .a("127.0.0.3"))
                dns.set("implicit.test", .a("127.0.0.2"))
                dns.set("null.test", .mx(0, "."))
                dns.set("alias.test", .cname("both.test"))
                dns.set("slow.test", .mx(10, "mx1.both.test"))
                dns.fail("slow.test", .serverFailure)
                let server = try stage.makeServer(settings: [
                    "delivery.dns.servers": [dns.address], "delivery.port": first.port, "delivery.timeouts.connect": "2s",
                    "delivery.dns.timeout": "5s",
                ])
                try await server.start()
                let client = try await stage.makeClient(of: server)
                let log = try await server.followEvents()
                var sent: [String: String] = [:]
                for domain in ["both", "down", "implicit", "null", "alias", "missing", "slow"] {
                    let raw = SendEmailBody.message(loadID: domain, from: "ada@example.com", to: "grace@\(domain).test")
                    let answer = try await client.send(SendEmailBody.raw(raw, to: ["grace@\(domain).test"]), to: server.address)
                    let messageID: String = try #require(answer.messageID, "\(answer.summary)")
                    sent[domain] = messageID
                }
                // A look-up that fails is no verdict: the message waits, and goes when DNS is well again.
                let slow = sent["slow"]
                _ = try await log.until(within: .seconds(60), "the failed look-up's delay") { events in
                    events.contains { $0.messageID == slow && $0.type == "DeliveryDelay" }
                }
                dns.fail("slow.test", nil)
                let events = try await log.untilFinal(Set(sent.values), within: .seconds(60))
                func types(_ domain: String) -> [String] { events.filter { $0.messageID == sent[domain] && $0.type != "DeliveryDelay" }.map(\.type) }
                for domain in ["both", "down", "implicit", "alias", "slow"] { #expect(types(domain) == ["Send", "Delivery"], "\(domain)") }
                for domain in ["null", "missing"] {
                    #expect(types(domain) == ["Send", "Bounce"], "\(domain)")
                    let bounce = events.first { $0.messageID == sent[domain] && $0.type == "Bounce" }
                    #expect(bounce?.text("bounce.bounceType") == "Permanent", "\(domain)")
                }
                #expect(events.first { $0.messageID == sent["null"] && $0.type == "Bounce" }?.text("bounce.bouncedRecipients.0.status") == "5.1.10")
                #expect(try first.copies() == ["both": 1, "alias": 1, "slow": 1])
                #expect(try second.copies() == ["down": 1, "implicit": 1])
                #expect(dns.queryCount("both.test", type: 15) > 0)
                #expect(try await server.stop().isSuccess)
                try await dns.stop()
            }
        }

        /// Off loopback by default: a stranger's MX that names 127.0.0.1 must not reach what listens there.
        @Test
        func loopbackIsRefusedUnlessAllowed() async throws {
            try await Stage.run { stage in
                let dns = try await DNSZoneServer.start(group: MultiThreadedEventLoopGroup.singleton)
                let sink = try await stage.startSink()
                dns.set("sly.test", .mx(10, "mx.sly.test"))
                dns.set("mx.sly.test", .a("127.0.0.1"))
                let server = try stage.makeServer(settings: [
                    "delivery.dns.servers": [dns.address], "delivery.port": sink.port, "delivery.allowLoopback": false,
                    "sending.maximumAge": "10s",
                ])
                try await server.start()
                let client = try await stage.makeClient(of: server)
                let log = try await server.followEvents()
                let answer = try await client.send(SendEmailBody.simple(from: "ada@example.com", to: ["grace@sly.test"]), to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await log.untilFinal([messageID], within: .seconds(60))
                #expect(events.last?.type == "Bounce")
                #expect(try sink.count == 0)
                try await dns.stop()
            }
        }

        /// A domain is verified by what `identities records` prints, published in a real zone and looked up in the background.
        @Test
        func aDomainIsVerifiedByItsRecords() async throws {
            try await Stage.run { stage in
                let dns = try await DNSZoneServer.start(group: MultiThreadedEventLoopGroup.singleton)
                let server = try stage.makeServer(settings: ["delivery.dns.servers": [dns.address], "sending.dkimZone": "dkim.apus.test"])
                try await server.start()
                let key = try await server.createKey()
                let client = SESClient(key: key, http: stage.http)
                _ = try await server.command("identities", "create", "shop.test")
                let refused = try await client.send(SendEmailBody.simple(from: "a@shop.test", to: ["b@remote.test"]), to: server.address)
                #expect(refused.errorType == "MessageRejected")
                let records = try await server.command("identities", "records", "shop.test")
                // The first look finds nothing: that must not be remembered.
                let first = try #require(records.split(separator: "\n").first { !$0.hasPrefix(";") }?.split(separator: " ").first.map(String.init))
                try await eventually(within: .seconds(30), "the first look", every: .milliseconds(50)) { () -> Void? in
                    dns.queryCount(first, type: 5) + dns.queryCount(first, type: 16) > 0 ? () : nil
                }
                var aliases = 0
                var keys = 0
                for line in records.split(separator: "\n") where !line.hasPrefix(";") {
                    let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
                    let name = try #require(fields.first)
                    if let index = fields.firstIndex(of: "CNAME") {
                        dns.set(name, .cname(fields[index + 1]))
                        aliases += 1
                    } else if fields.contains("TXT") {
                        // Strings of at most 255 octets between quotes, to be joined.
                        let text = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map(
                            \.element
                        ).joined()
                        dns.set(name, .txt(text))
                        keys += 1
                    }
                }
                #expect(aliases == 3 && keys == 3, "\(records)")
                _ = try await eventually(within: .seconds(90), "the verification of shop.test", every: .milliseconds(200)) { () -> Bool? in
                    let answer = try await client.call("GET", "/v2/email/identities/shop.test", to: server.address)
                    return String(decoding: answer.body, as: UTF8.self).contains(#""VerificationStatus":"SUCCESS""#) ? true : nil
                }
                let answer = try await client.send(SendEmailBody.simple(from: "a@shop.test", to: ["b@remote.test"]), to: server.address)
                #expect(answer.status == 200, "\(answer.summary)")
                try await dns.stop()
            }
        }
    }
}
