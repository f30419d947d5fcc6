import FoundationEssentials
import MailSink
import NIOCore
import SMTPTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct FleetTests {
    private func withFleet(
        _ scenario: MailSinkScenario, base: String, port: Int = 0, _ change: (inout MailSinkConfiguration) -> Void = { _ in },
        _ body: (MailSinkFleet) async throws -> Void
    ) async throws {
        var template = MailSinkConfiguration(listeners: [])
        template.loops = 1
        change(&template)
        let fleet = try await MailSinkFleet.start(scenario, baseAddress: base, port: port, template: template)
        do {
            try await body(fleet)
        } catch {
            await fleet.stop()
            throw error
        }
        await fleet.stop()
    }

    @Test func fiftyListeners() async throws {
        let json = """
            {"seed": 3, "providers": [
              {"name": "big", "domains": ["*.many.test"], "addresses": 30, "hostname": "mx.many.test"},
              {"name": "two", "domains": ["two.test", "*.two.test"], "addresses": ["127.61.9.1", "127.61.9.2"], "strictDomains": true,
               "rules": [{"name": "no", "stage": "rcpt", "recipient": "no@*", "reply": "550 5.1.1 no"}]},
              {"name": "rest", "domains": ["*"], "addresses": 18}]}
            """
        let scenario = try MailSinkScenario(json: Array(json.utf8))
        try await withFleet(scenario, base: "127.61.0.250") { fleet in
            #expect(fleet.names == ["big", "two", "rest"])
            #expect(fleet.addresses.count == 50)
            #expect(Set(fleet.addresses.compactMap(\.ipAddress)).count == 50)
            #expect(fleet.addresses.allSatisfy { $0.port == fleet.port } && fleet.port > 0)
            #expect(fleet.routes.map(\.domain) == ["*.many.test", "two.test", "*.two.test", "*"])
            #expect(fleet.routes.map(\.mailExchanger) == ["mx.many.test", "mx.two.test", "mx.two.test", "mx.sink.test"])
            #expect(
                fleet.routes[0].addresses.prefix(6) == ["127.61.0.250", "127.61.0.251", "127.61.0.252", "127.61.0.253", "127.61.0.254", "127.61.1.1"])
            #expect(fleet.routes[1].addresses == ["127.61.9.1", "127.61.9.2"])
            for address in fleet.addresses {
                let talk = try await RawClient.talk(
                    "EHLO c\r\n" + RawClient.message(to: ["b@two.test", "no@two.test", "b@x.y"]) + "QUIT\r\n", to: address)
                #expect(talk.hasPrefix(address.ipAddress?.hasPrefix("127.61.9.") == true ? "220 mx.two.test" : "220 "))
            }
            let statistics = fleet.statistics
            #expect(statistics["big"]?.messages == 30 && statistics["big"]?.recipients == 90)
            #expect(statistics["two"]?.messages == 2 && statistics["two"]?.recipients == 2 && statistics["two"]?.rules == ["no": 2])
            #expect(statistics["rest"]?.messages == 18)
            #expect(fleet.total.messages == 50 && fleet.total.recipients == 30 * 3 + 2 + 18 * 3)
        }
    }

    @Test func aRulesFileIsOneProvider() async throws {
        let scenario = try MailSinkScenario(json: Array(#"{"seed": 9, "rules": [{"stage": "noop", "reply": "450 x"}]}"#.utf8))
        try await withFleet(scenario, base: "127.62.0.1", { $0.hostname = "own.test" }) { fleet in
            #expect(fleet.routes == [MailSinkRoute(domain: "*", mailExchanger: "mx.sink.test", addresses: ["127.62.0.1"])])
            let talk = try await RawClient.talk("EHLO c\r\nNOOP\r\nQUIT\r\n", to: fleet.addresses[0])
            #expect(talk.hasPrefix("220 own.test"))
            #expect(talk.contains("\r\n450 x\r\n"))
        }
    }

    /// Each provider stores in a folder of its own, records under its number, and all count sabotage together.
    @Test func storesAndRecords() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mailsink-\(UUID().uuidString)").path
        let record = folder + ".bin"
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: record)
        }
        let log = try RecordLogWriter<Arrival>(path: record)
        let scenario = try MailSinkScenario(
            json: Array(#"{"providers": [{"name": "a", "domains": ["a.test"]}, {"name": "b", "domains": ["b.test"]}]}"#.utf8))
        try await withFleet(
            scenario, base: "127.63.0.1",
            {
                $0.storeDirectory = folder
                $0.arrivals = log
                $0.sabotage = Sabotage(kind: .drop, every: 2)
            }
        ) { fleet in
            for address in fleet.addresses {
                _ = try await RawClient.talk("EHLO c\r\n" + RawClient.message(to: ["u1.0@a.test"]) + "QUIT\r\n", to: address)
            }
            for provider in ["a", "b"] {
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(provider)")
                #expect(names.count == 2)
            }
        }
        log.flush()
        let records = Array(try Data(contentsOf: URL(filePath: record))).dropFirst(64)
        // The second message is forgotten, whichever sink it is at.
        #expect(records.count == 64)
        #expect(Array(records).withUnsafeBytes { Arrival(octets: $0) }.provider == 0)
    }

    @Test func anAddressThatIsTakenLeavesNothingBehind() async throws {
        let scenario = try MailSinkScenario(
            json: Array(#"{"providers": [{"name": "a", "domains": ["a.test"]}, {"name": "b", "domains": ["b.test"]}]}"#.utf8))
        // A port below those that the system hands out, so that no other test has it.
        let taken = try await MailSink.start(
            MailSinkConfiguration(listeners: [SMTPListener(address: try SocketAddress(ipAddress: "127.64.0.2", port: .random(in: 20_000..<30_000)))]))
        let port = try #require(taken.addresses[0].port)
        let template = MailSinkConfiguration(listeners: [])
        await #expect(throws: (any Error).self) { try await MailSinkFleet.start(scenario, baseAddress: "127.64.0.1", port: port, template: template) }
        await taken.stop()
        try await withFleet(scenario, base: "127.64.0.1", port: port) { #expect($0.port == port) }
    }

    @Test(arguments: [
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "addresses": ["localhost"]}]}"#, "127.65.0.1", "no IP address"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "addresses": ["127.65.0.9", "127.65.0.9"]}]}"#, "127.65.0.1", "there twice"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"]}]}"#, "127.65.0", "no IPv4 address"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "addresses": 20}]}"#, "127.255.255.250", "not enough addresses"),
    ])
    func addressesThatCannotBe(_ json: String, _ base: String, _ message: String) async throws {
        let scenario = try MailSinkScenario(json: Array(json.utf8))
        let error = await #expect(throws: MailSinkError.self) {
            try await MailSinkFleet.start(scenario, baseAddress: base, template: MailSinkConfiguration(listeners: []))
        }
        #expect(error?.code == .invalidScenario)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    /// What a recipient's kind and a provider's domain make of a message, by the largest file that comes with the harness.
    @Test func theShippedProvidersPlay() async throws {
        let scenario = try MailSinkScenario(contentsOfFile: ScenarioFileTests.folder.appending(path: "providers.json").path)
        try await withFleet(scenario, base: "127.67.0.1") { (fleet: MailSinkFleet) async throws in
            func reply(_ provider: String, to recipient: String) async throws -> String {
                let sink = try #require(fleet.sink(of: provider))
                let talk = "EHLO c\r\nMAIL FROM:<a@x.y>\r\nRCPT TO:<\(recipient)>\r\nQUIT\r\n"
                return try await RawClient.talk(talk, to: sink.addresses[0]).split(separator: "\r\n").dropLast().last.map(String.init) ?? ""
            }
            #expect(try await reply("gmail", to: "unknown-u1.0@gmail.test").hasPrefix("550 5.1.1  https://support.google.com/mail/?p=NoSuchUser "))
            #expect(try await reply("icloud", to: "full-u1.0@icloud.test") == "450 4.2.2 <full-u1.0@icloud.test>: user is overquota")
            #expect(try await reply("yahoo", to: "u1.0@gmail.test") == "554 5.7.1 <u1.0@gmail.test>: Relay access denied")
            #expect(try await reply("greylisting", to: "b@greylisting.sink.test").hasPrefix("450 4.2.0 <b@greylisting.sink.test>: Recipient"))
            #expect(try await reply("strict-limits", to: "b@strict-limits.sink.test").hasPrefix("503"))
        }
    }

    @Test func severalSinksOnOneGroup() async throws {
        let configuration = try MailSinkConfiguration.loopback()
        let scenario = try MailSinkScenario(json: Array(#"{"rules": []}"#.utf8))
        try await withFleet(scenario, base: "127.66.0.1") { fleet in
            // A sink that stops leaves the others' loops alone.
            let loop = try #require(fleet.sink(of: "sink"))
            let first = try await MailSink.start(configuration)
            await first.stop()
            _ = try await RawClient.talk("EHLO c\r\nQUIT\r\n", to: loop.addresses[0])
            #expect(fleet.total.connections == 1)
        }
    }
}
