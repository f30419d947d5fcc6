import MailSink
import SMTPProtocol
import Testing

@Suite struct RuleTests {
    private func parse(_ json: String) throws -> MailSinkRules { try MailSinkRules(json: Array(json.utf8)) }

    @Test func wholeFile() throws {
        let rules = try parse(
            """
            {"seed": 7, "rules": [
              {"name": "grey", "stage": "rcpt", "recipient": "*@grey.example", "per": "recipient", "first": 1, "reply": "450 4.2.0 try later"},
              {"stage": "dot", "sender": "", "delayMilliseconds": 250},
              {"stage": "starttls", "raw": "220 go\\r\\nnonsense", "thenClose": true},
              {"stage": "ehlo", "longLine": {"code": 250, "octets": 9000}, "probability": 0.5, "every": 2, "after": 1},
              {"stage": "content", "afterOctets": 100, "hang": true, "encrypted": true},
              {"stage": "data", "reply": "554 one\\ntwo"}
            ]}
            """)
        #expect(rules.seed == 7)
        #expect(rules.rules.map(\.name) == ["grey", "rules[1]", "rules[2]", "rules[3]", "rules[4]", "rules[5]"])
        #expect(rules.rules[0].action == .reply(SMTPReply(code: 450, text: "4.2.0 try later")))
        #expect(rules.rules[0].per == .recipient)
        #expect(rules.rules[1].delay == .milliseconds(250))
        #expect(rules.rules[1].sender == "")
        #expect(rules.rules[2].thenCloses)
        #expect(rules.rules[3].action == .longLine(code: 250, octets: 9000))
        #expect(rules.rules[4].afterOctets == 100)
        #expect(rules.rules[5].action == .reply(SMTPReply(code: 554, text: "one\ntwo")))
    }

    @Test(arguments: [
        ("not json", "the file"), ("{}", "rules"), (#"{"rules": [{}]}"#, "stage"), (#"{"rules": [{"stage": "nowhere", "close": true}]}"#, "stage"),
        (#"{"rules": [{"stage": "mail"}]}"#, "needs an action"), (#"{"rules": [{"stage": "mail", "close": true, "hang": true}]}"#, "only one of"),
        (#"{"rules": [{"stage": "mail", "reply": "hello"}]}"#, "reply must start"),
        (#"{"rules": [{"stage": "mail", "reply": "999 x"}]}"#, "reply must start"),
        (#"{"rules": [{"stage": "mail", "recipent": "x", "close": true}]}"#, "unknown key \"recipent\""), (#"{"rule": []}"#, "unknown key \"rule\""),
        (#"{"rules": [{"name": "n", "stage": "mail", "close": true, "probability": 2}]}"#, "\"n\": probability"),
        (#"{"rules": [{"stage": "mail", "close": true, "every": 0}]}"#, "every is too small"),
        (#"{"rules": [{"stage": "mail", "garbage": 0}]}"#, "garbage"),
        (#"{"rules": [{"stage": "mail", "close": "yes"}]}"#, "wrong type"),
        (#"{"rules": [{"stage": "mail", "delayMilliseconds": -1, "close": true}]}"#, "needs"),
    ])
    func mistakesAreNamed(_ json: String, _ message: String) {
        let error = #expect(throws: MailSinkError.self) { try parse(json) }
        #expect(error?.code == .invalidRules)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func noFile() {
        let error = #expect(throws: MailSinkError.self) { try MailSinkRules(contentsOfFile: "/nonexistent/rules.json") }
        #expect(error?.message.contains("/nonexistent/rules.json") == true)
    }
}
