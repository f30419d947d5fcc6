import FoundationEssentials
import MailSink
import Testing

@Suite struct ScenarioFileTests {
    static let shipped = [
        "well-behaved", "gmail-like", "yahoo-like", "microsoft-like", "greylisting", "tarpit", "flaky", "down", "mailbox-full", "strict-limits",
        "providers",
    ]

    static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "loadtest/sinks")
    }

    @Test(arguments: shipped) func shippedFilesAreRead(_ name: String) throws {
        let scenario = try MailSinkScenario(contentsOfFile: Self.folder.appending(path: "\(name).json").path)
        #expect(scenario.seed == 1)
        for provider in scenario.providers {
            for domain in provider.domains { #expect(domain.text.hasSuffix(".test")) }
            #expect(provider.mailExchanger.hasSuffix(".test"))
        }
    }

    @Test func allShippedFilesAreTested() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".json") }
        #expect(Set(names) == Set(Self.shipped.map { "\($0).json" }))
    }

    @Test func everythingTogether() throws {
        let json = """
            {"seed": 7, "providers": [{"name": "p", "domains": ["P.test", "*.p.test"], "addresses": 2, "hostname": "mx1.p.test", "tls": "required",
              "limits": {"connections": 5}, "rules": [{"stage": "mail", "reply": "450 x"}], "latency": {"dot": "5ms", "rcpt": {"exponential": 5}},
              "strictDomains": true, "reactions": {"open": {"share": 0.5}, "dsn": {"share": 0.1}}}]}
            """
        let scenario = try MailSinkScenario(json: Array(json.utf8))
        let provider = scenario.providers[0]
        #expect(scenario.seed == 7)
        #expect(provider.domains.map(\.text) == ["p.test", "*.p.test"])
        #expect(provider.addresses == .count(2))
        #expect(provider.mailExchanger == "mx1.p.test")
        #expect(provider.encryption == .required)
        #expect(provider.limits.connections?.count == 5)
        #expect(provider.rules.map(\.name) == ["rules[0]"])
        #expect(provider.latency.stages.keys.sorted { $0.rawValue < $1.rawValue } == [.dot, .rcpt])
        #expect(provider.strictDomains)
        #expect(scenario.visits && scenario.sendsReports)
    }

    @Test(arguments: [
        ("[]", "the file"), ("{}", "either rules or providers"), (#"{"rules": [], "providers": []}"#, "either rules or providers"),
        (#"{"providers": []}"#, "from 1 to"), (#"{"providers": [{}]}"#, "name"), (#"{"providers": [{"name": "a"}]}"#, "domains"),
        (#"{"providers": [{"name": "a", "domains": []}]}"#, "at least one"),
        (#"{"providers": [{"name": "../a", "domains": ["a.test"]}]}"#, "letters"),
        (#"{"providers": [{"name": "..", "domains": ["a.test"]}]}"#, "letters"),
        (#"{"providers": [{"name": "a", "domains": ["a*.test"]}]}"#, "no domain"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "tsl": "none"}]}"#, "unknown key \"tsl\""),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "tls": "always"}]}"#, "none, optional, required or broken"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "addresses": 0}]}"#, "from 1 to"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "addresses": true}]}"#, "addresses"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "hostname": "*.x"}]}"#, "no host name"),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "latency": {"content": 5}}]}"#, "unknown key \"content\""),
        (#"{"providers": [{"name": "a", "domains": ["a.test"], "rules": [{"name": "r", "stage": "mail"}]}]}"#, "provider \"a\", rule \"r\""),
        (#"{"providers": [{"name": "a", "domains": ["a.test"]}, {"name": "a", "domains": ["b.test"]}]}"#, "called \"a\""),
        (#"{"providers": [{"name": "a", "domains": ["a.test"]}, {"name": "b", "domains": ["A.test"]}]}"#, "domain \"a.test\""),
        (#"{"providers": [{"name": "a", "domains": ["a.test"]}, {"name": "b", "domains": ["*.a.test"]}]}"#, "host name \"mx.a.test\""),
        (#"{"seed": "x", "rules": []}"#, "seed"), (#"{"rules": [{"stage": "mail", "recipent": "x", "close": true}]}"#, "recipent"),
    ])
    func mistakesAreNamed(_ json: String, _ message: String) {
        let error = #expect(throws: MailSinkError.self) { try MailSinkScenario(json: Array(json.utf8)) }
        #expect(error?.code == .invalidScenario)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func patterns() throws {
        let everything = try #require(DomainPattern("*"))
        let below = try #require(DomainPattern("*.Many.test"))
        let one = try #require(DomainPattern("gmail.test"))
        #expect(everything.matches("x") && everything.base.isEmpty)
        #expect(
            below.matches("d1.many.TEST") && below.matches("a.b.many.test") && !below.matches("many.test") && !below.matches(".many.test")
                && !below.matches("xmany.test"))
        #expect(one.matches("GMAIL.test") && !one.matches("xgmail.test") && !one.matches("gmail.test.x"))
        for text in ["", ".", "a..b", "*.*", "a.*", "*a.test", "a b", "ä.test", "a.test."] { #expect(DomainPattern(text) == nil) }
    }
}
