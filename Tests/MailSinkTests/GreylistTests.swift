import MailSink
import Testing

@Suite(.timeLimit(.minutes(1))) struct GreylistTests {
    private static let rules = """
        {"rules": [{"name": "grey", "stage": "rcpt", "per": "triplet", "within": "5m",
          "reply": "450 4.2.0 <{recipient}>: Recipient address rejected: Greylisted"}]}
        """

    @Test func aTripletIsTakenOnceItsTimeHasPassed() async throws {
        let clock = ManualClock()
        let rules = try MailSinkRules(json: Array(Self.rules.utf8))
        try await SinkDialogue.with({
            $0.rules = rules
            $0.clock = clock.clock
        }) { (sink: MailSink) async throws in
            func attempt(_ sender: String = "a@x.y", _ recipient: String = "b@x.y") async throws -> String {
                try await SinkDialogue.replies("MAIL FROM:<\(sender)>\r\nRCPT TO:<\(recipient)>\r\n", sink).dropLast().last ?? ""
            }
            #expect(try await attempt() == "450 4.2.0 <b@x.y>: Recipient address rejected: Greylisted")
            clock.advance(.seconds(200))
            #expect(try await attempt().hasPrefix("450"))
            // Others have a time of their own.
            #expect(try await attempt("a@x.y", "c@x.y").hasPrefix("450"))
            #expect(try await attempt("z@x.y").hasPrefix("450"))
            clock.advance(.milliseconds(99_999))
            #expect(try await attempt().hasPrefix("450"))
            // Attempts do not begin it anew.
            clock.advance(.milliseconds(1))
            #expect(try await attempt().hasPrefix("250"))
            #expect(try await attempt("z@x.y").hasPrefix("450"))
            clock.advance(.seconds(200))
            #expect(try await attempt("z@x.y").hasPrefix("250"))
            clock.advance(.seconds(100_000))
            #expect(try await attempt().hasPrefix("250"))
        }
    }

    @Test(arguments: [
        (#"{"rules": [{"stage": "mail", "reply": "450 x", "within": "0s"}]}"#, "within"),
        (#"{"rules": [{"stage": "mail", "reply": "450 x", "within": {"uniform": [1, 2]}}]}"#, "within"),
        (#"{"rules": [{"stage": "mail", "delay": "5ms", "delayMilliseconds": 5}]}"#, "only one of delay"),
        (#"{"rules": [{"stage": "mail", "delay": 0}]}"#, "needs an action"),
        (#"{"rules": [{"stage": "mail", "per": "quartet", "close": true}]}"#, "per"),
    ])
    func mistakesAreNamed(_ json: String, _ message: String) {
        let error = #expect(throws: MailSinkError.self) { try MailSinkRules(json: Array(json.utf8)) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func delays() throws {
        let json = #"{"rules": [{"stage": "mail", "delay": "2s"}, {"stage": "mail", "delay": {"exponential": "5s"}, "close": true}]}"#
        let rules = try MailSinkRules(json: Array(json.utf8)).rules
        #expect(rules[0].delay == .seconds(2) && rules[0].delays == nil)
        #expect(rules[1].delay == .zero && rules[1].delays != nil)
    }
}
