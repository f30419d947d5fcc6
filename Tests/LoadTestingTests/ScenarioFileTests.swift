import LoadTesting
import MailSink
import NIOCore
import Testing

@Suite struct ScenarioFileTests {
    @Test(arguments: ScenarioFile.shipped.keys.sorted())
    func shipped(name: String) throws {
        let scenario = try ScenarioFile.load(name)
        #expect(scenario.name == name && !scenario.conditions.isEmpty)
    }

    @Test(arguments: SinkFile.shipped.keys.sorted())
    func shippedSinks(name: String) throws {
        #expect(try !SinkFile.load(name).providers.isEmpty)
    }

    @Test(arguments: [
        ("{", "cannot be read"), (#"{"name":"x","summary":"y"}"#, "lacks \"streams\""), (#"{"name":"x","summary":"y","streams":[]}"#, "streams"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","message":1}]}"#, "unknown key \"message\""),
        (#"{"name":"x","summary":"y","streams":[{"name":"a"}]}"#, "messages, duration"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1,"rate":100000}]}"#, "rate must be"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1,"size":"10x"}]}"#, "octets"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1}],"conditions":[{"measure":"luck","atMost":1}]}"#, "luck"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1}],"faults":[{"action":"explode","at":"1s"}]}"#, "action"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1,"domains":{"shares":{"a.test":2}}}]}"#, "shares"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1,"duration":"1000h"}]}"#, "at most"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1,"configurationSets":{"a\"b":1}}]}"#, "names of configurationSets"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1}],"sink":"nowhere"}"#, "no sink scenario"),
        (#"{"name":"x","summary":"y","streams":[{"name":"a","messages":1}],"sink":{"rule":[]}}"#, "unknown key \"rule\""),
        (
            #"{"name":"x","summary":"y","streams":[{"name":"a","messages":1}],"sink":"providers","faults":[{"action":"cut","at":"1s"}]}"#,
            "not for providers"
        ),
    ])
    func mistakes(text: String, expected: String) {
        do {
            _ = try LoadScenario(json: Array(text.utf8), name: "test")
            Issue.record("taken: \(text)")
        } catch {
            #expect(error.message.contains(expected) || expected == "cannot be read", "\(error.message)")
        }
    }

    /// Load never leaves the machine by mistake.
    @Test(arguments: ["192.0.2.1", "10.0.0.1", "2001:db8::1"])
    func foreignTargets(host: String) throws {
        var stream = LoadStream(name: "a")
        stream.messages = 1
        let configuration = LoadGenerator.Configuration(streams: [stream], entrance: .smtp(host: host, port: 25), run: 1)
        #expect(throws: LoadTestError.self) { try LoadGenerator(configuration) }
        var own = configuration
        own.mayLeaveLoopback = true
        #expect(throws: Never.self) { try LoadGenerator(own) }
    }

    @Test(arguments: ["127.0.0.1", "127.8.9.10", "::1"])
    func loopback(host: String) throws {
        #expect(throws: Never.self) { try LoopbackGuard.resolve(host: host, port: 25, mayLeave: false) }
    }
}
