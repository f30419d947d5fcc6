import NIOCore
import SMTPProtocol
import Testing

@Suite struct ServerSessionTests {
    static let dialogue =
        "EHLO client\r\nMAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<b@example.net>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"

    @Test func wholeDialogueInEverySplit() {
        for split in 0...Self.dialogue.utf8.count {
            var server = ServerHarness()
            server.receive(String(decoding: Self.dialogue.utf8.prefix(split), as: UTF8.self))
            server.receive(String(decoding: Self.dialogue.utf8.dropFirst(split), as: UTF8.self))
            #expect(server.requests == ["connect", "hello client", "mail a@example.com", "rcpt b@example.net", "data", "message", "quit"])
            #expect(server.messages == ["Subject: x\r\n\r\n.dot\r\n"])
            #expect(server.isClosed)
            #expect(
                server.output.hasSuffix(
                    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n"))
        }
        var server = ServerHarness()
        for byte in Self.dialogue.utf8 { server.receive(String(decoding: [byte], as: UTF8.self)) }
        #expect(server.messages == ["Subject: x\r\n\r\n.dot\r\n"])
    }

    @Test func pipelinedRepliesLeaveInOneWrite() {
        var server = ServerHarness()
        server.receive("EHLO x\r\n")
        server.writes = 0
        server.receive("MAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n")
        #expect(server.writes == 1)
    }

    @Test func ehloReply() {
        var server = ServerHarness {
            $0.extensions.insert(.startTLS)
            $0.messageOctets = 1000
        }
        #expect(server.take() == "220 mx.test ESMTP\r\n")
        server.receive("EHLO x\r\n")
        #expect(
            server.take()
                == "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n"
        )
        server.receive("HELO x\r\n")
        #expect(server.take() == "250 mx.test\r\n")
    }

    /// The content ends nowhere but at CRLF . CRLF; a look-alike ends the connection and what follows is never read as a command.
    @Test(arguments: DataDecoderTests.smuggling) func smuggling(_ ending: String) {
        let text =
            "EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: x\r\n\r\nhello" + ending
            + "MAIL FROM:<evil@b.c>\r\nRCPT TO:<victim@e.f>\r\nDATA\r\nSubject: evil\r\n\r\n\r\n.\r\n"
        for split in 0...text.utf8.count {
            var server = ServerHarness()
            server.receive(String(decoding: text.utf8.prefix(split), as: UTF8.self))
            server.receive(String(decoding: text.utf8.dropFirst(split), as: UTF8.self))
            #expect(server.messages.isEmpty)
            #expect(!server.requests.contains("mail evil@b.c"))
            #expect(server.output.hasSuffix("521 5.5.2 Bare CR or LF in message content\r\n"))
            #expect(server.isClosed)
        }
    }

    @Test func nulBeforeTheDotIsContent() {
        var server = ServerHarness()
        server.receive("EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nhello\r\n\0.\r\nMAIL FROM:<evil@b.c>\r\n.\r\n")
        #expect(server.messages == ["hello\r\n\0.\r\nMAIL FROM:<evil@b.c>\r\n"])
    }

    @Test(arguments: ["NOOP\n", "NOOP\r", "\n", "NO\rOP\r\n", "NOOP\r\r\n"]) func bareLineEndingInCommand(_ command: String) {
        var server = ServerHarness()
        _ = server.take()
        server.receive(command + (command.hasSuffix("\n") ? "" : "\n"))
        if command == "NOOP\r" {
            #expect(server.take() == "250 2.0.0 Ok\r\n")
        } else {
            #expect(server.take() == "521 5.5.2 Bare CR or LF in command\r\n")
            #expect(server.isClosed)
        }
    }

    @Test(arguments: [
        ("FOO\r\n", "500 5.5.2"), ("X\r\n", "500 5.5.2"), ("\r\n", "500 5.5.2"), ("EHLO\r\n", "501"), ("EHLO a b\r\n", "501"),
        ("MAIL FROM:<a@b.c>\r\n", "503"),
        ("RCPT TO:<a@b.c>\r\n", "503"), ("DATA\r\n", "503"), ("DATA x\r\n", "501"), ("BDAT x\r\n", "501"), ("BDAT -1\r\n", "501"),
        ("BDAT 1 FIRST\r\n", "501"),
        ("AUTH PLAIN\r\n", "504"), ("STARTTLS\r\n", "503"), ("VRFY x\r\n", "252"), ("VRFY\r\n", "501"), ("EXPN x\r\n", "502"), ("HELP\r\n", "214"),
        ("noop anything\r\n", "250"),
        ("rset\r\n", "250"), ("RSET x\r\n", "501"), ("NOOP \u{1}\r\n", "501"), ("QUIT x\r\n", "501"), ("EHLOX y\r\n", "500"),
    ])
    func commandsBeforeHello(_ command: String, _ reply: String) {
        var server = ServerHarness()
        _ = server.take()
        server.receive(command)
        #expect(server.take().hasPrefix(reply))
    }

    @Test(arguments: [
        ("MAIL FROM:<a@b.c>\r\n", "250"), ("mail from: <a@b.c>\r\n", "250"), ("MAIL FROM:<>\r\n", "250"), ("MAIL FROM:<@x,@y:a@b.c>\r\n", "250"),
        ("MAIL FROM:a@b.c\r\n", "501"), ("MAIL FROM:<a@b.c\r\n", "501"), ("MAIL FROM:<a b@c.d>\r\n", "553"), ("MAIL FROM:<a@b.c>x\r\n", "501"),
        ("MAIL FROM:<a>\r\n", "553"),
        ("MAIL FROM:<a@b.c> SIZE=99999999999\r\n", "552"), ("MAIL FROM:<a@b.c> SIZE=x\r\n", "501"), ("MAIL FROM:<a@b.c> BODY=9BIT\r\n", "501"),
        ("MAIL FROM:<a@b.c> FOO=1\r\n", "555"), ("MAIL FROM:<ü@b.c>\r\n", "553"), ("MAIL FROM:<ü@b.c> SMTPUTF8\r\n", "250"),
        ("MAIL FROM:<\"a>b\"@c.d>\r\n", "250"),
        ("MAIL FROM:<a@b.c> AUTH=<>\r\n", "250"), ("MAIL\r\n", "501"), ("MAIL TO:<a@b.c>\r\n", "501"),
    ])
    func mailSyntax(_ command: String, _ reply: String) {
        var server = ServerHarness()
        server.receive("EHLO x\r\n")
        _ = server.take()
        server.receive(command)
        #expect(server.take().hasPrefix(reply))
    }

    @Test func order() {
        var server = ServerHarness { $0.recipients = 2 }
        server.receive("EHLO x\r\nMAIL FROM:<a@b.c>\r\n")
        _ = server.take()
        server.receive("MAIL FROM:<a@b.c>\r\n")
        #expect(server.take().hasPrefix("503"))
        server.receive("DATA\r\n")
        #expect(server.take().hasPrefix("554 5.5.1"))
        server.receive("RCPT TO:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<a@b.c>\r\n")
        #expect(server.take() == "250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n452 4.5.3 Too many recipients\r\n")
        server.receive("RSET\r\nRCPT TO:<a@b.c>\r\n")
        #expect(server.take().hasSuffix("503 5.5.1 Send MAIL first\r\n"))
    }

    @Test func lineTooLong() {
        var server = ServerHarness { $0.commandLineOctets = 20 }
        _ = server.take()
        server.receive("NOOP 6789012345678\r\n")
        #expect(server.take() == "250 2.0.0 Ok\r\n")
        server = ServerHarness { $0.commandLineOctets = 20 }
        _ = server.take()
        server.receive(String(repeating: "x", count: 50))
        server.receive(String(repeating: "x", count: 50) + "\r\nNOOP\r\n")
        #expect(server.take() == "500 5.5.2 Line too long\r\n250 2.0.0 Ok\r\n")
    }

    @Test func tooManyErrors() {
        var server = ServerHarness { $0.errors = 3 }
        _ = server.take()
        server.receive("A\r\nB\r\nC\r\nNOOP\r\n")
        #expect(server.take().hasSuffix("421 4.7.0 Too many errors\r\n"))
        #expect(server.isClosed)
        #expect(!server.requests.contains("noop"))
    }

    @Test func messageTooLarge() {
        var server = ServerHarness { $0.messageOctets = 10 }
        server.receive("EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n")
        _ = server.take()
        server.receive("12345678\r\n.\r\n")
        #expect(server.take() == "250 2.0.0 Ok\r\n")
        server.receive("MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n123456789\r\n.\r\nNOOP\r\n")
        #expect(server.take().hasSuffix("552 5.3.4 Message too large\r\n250 2.0.0 Ok\r\n"))
        #expect(server.messages.count == 1)
        #expect(server.content.isEmpty)
    }

    @Test func chunks() {
        let text = "EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nBDAT 5\r\nab\r\n.BDAT 0\r\nBDAT 4 LAST\r\n\r\n.\nNOOP\r\n"
        for split in 0...text.utf8.count {
            var server = ServerHarness()
            server.receive(String(decoding: text.utf8.prefix(split), as: UTF8.self))
            server.receive(String(decoding: text.utf8.dropFirst(split), as: UTF8.self))
            #expect(server.messages == ["ab\r\n.\r\n.\n"])
            #expect(server.requests.last == "noop")
        }
    }

    @Test func chunksOutOfPlace() {
        var server = ServerHarness()
        server.receive("EHLO x\r\n")
        _ = server.take()
        // The octets are read and dropped although nobody wants them.
        server.receive("BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n")
        #expect(server.take() == "503 5.5.1 Send MAIL and RCPT first\r\n250 2.0.0 Ok\r\n")
        server.receive("MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nBDAT 1\r\nxRCPT TO:<b@b.c>\r\nDATA\r\nRSET\r\n")
        #expect(
            server.take().hasSuffix(
                "250 2.0.0 Ok\r\n503 5.5.1 BDAT sequence not finished\r\n503 5.5.1 BDAT sequence not finished\r\n250 2.0.0 Ok\r\n"))
        #expect(server.content.isEmpty)
    }

    @Test func startTLS() {
        var server = ServerHarness { $0.extensions.insert(.startTLS) }
        server.receive("EHLO x\r\n")
        _ = server.take()
        server.receive("STARTTLS\r\n")
        #expect(server.take() == "220 2.0.0 Ready to start TLS\r\n")
        #expect(server.startsTLS)
        server.session.tlsEstablished()
        server.receive("MAIL FROM:<a@b.c>\r\n")
        #expect(server.take().hasPrefix("503"))
        server.receive("EHLO x\r\n")
        #expect(!server.take().contains("STARTTLS"))
        server.receive("STARTTLS\r\n")
        #expect(server.take().hasPrefix("503"))
    }

    @Test func plaintextBehindStartTLS() {
        var server = ServerHarness { $0.extensions.insert(.startTLS) }
        server.receive("EHLO x\r\n")
        _ = server.take()
        server.receive("STARTTLS\r\nMAIL FROM:<evil@b.c>\r\n")
        #expect(server.isClosed)
        #expect(!server.startsTLS)
        #expect(!server.take().contains("220"))
        #expect(!server.requests.contains("mail evil@b.c"))
    }

    @Test func authentication() {
        func make() -> ServerHarness {
            var server = ServerHarness {
                $0.authMechanisms = ["PLAIN", "LOGIN"]
                $0.requiresTLSForAuth = false
                $0.requiresAuth = true
            }
            server.receive("EHLO x\r\n")
            _ = server.take()
            return server
        }
        var server = make()
        server.receive("MAIL FROM:<a@b.c>\r\n")
        #expect(server.take().hasPrefix("530"))
        // NUL user NUL pass
        server.receive("AUTH PLAIN AHVzZXIAcGFzcw==\r\n")
        #expect(server.take().hasPrefix("235"))
        #expect(server.credentials.map(\.0) == ["user"] && server.credentials.map(\.1) == ["pass"])
        server.receive("MAIL FROM:<a@b.c>\r\n")
        #expect(server.take().hasPrefix("250"))

        server = make()
        server.receive("AUTH LOGIN\r\n")
        #expect(server.take() == "334 VXNlcm5hbWU6\r\n")
        server.receive("dXNlcg==\r\n")
        #expect(server.take() == "334 UGFzc3dvcmQ6\r\n")
        server.answers["auth"] = .reply(SMTPReply(code: 535, text: "5.7.8 no"))
        server.receive("cGFzcw==\r\n")
        #expect(server.take() == "535 5.7.8 no\r\n")
        #expect(server.credentials.map(\.1) == ["pass"])

        server = make()
        server.receive("AUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n!!!\r\nAUTH PLAIN AAAA\r\nAUTH PLAIN dXNlcg==\r\nAUTH CRAM-MD5\r\n")
        #expect(server.take().split(separator: "\r\n").map { $0.prefix(3) } == ["334", "501", "334", "501", "501", "501", "504"])
        #expect(server.credentials.isEmpty)
        #expect("\(SMTPCredentials(username: "u", password: "hidden"))" == "SMTPCredentials(redacted)")
    }

    @Test func refusals() {
        var server = ServerHarness()
        server.answers = ["rcpt": .reply(SMTPReply(code: 550, text: "5.1.1 a\nb")), "quit": .accept]
        server.receive("EHLO x\r\nMAIL FROM:<a@b.c>\r\n")
        _ = server.take()
        server.receive("RCPT TO:<a@b.c>\r\nDATA\r\n")
        #expect(server.take() == "550-5.1.1 a\r\n550 b\r\n554 5.5.1 No valid recipients\r\n")
        server.answers = ["noop": .reply(SMTPReply(code: 421, text: "4.3.2 bye"))]
        server.receive("NOOP\r\nNOOP\r\n")
        #expect(server.take() == "421 4.3.2 bye\r\n")
        #expect(server.isClosed)
    }

    @Test func answersMayComeLater() {
        var server = ServerHarness()
        server.receive("EHLO x\r\n")
        _ = server.take()
        server.answersAtOnce = false
        server.receive("MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\n")
        #expect(server.requests.last == "mail a@b.c")
        #expect(server.take() == "")
        server.session.answer(.accept)
        server.drain()
        #expect(server.requests.last == "rcpt d@e.f")
        #expect(server.take() == "250 2.1.0 Ok\r\n")
    }

    @Test func quiescing() {
        var server = ServerHarness()
        server.receive("EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
        server.session.quiesce()
        server.drain()
        #expect(!server.isClosed)
        server.receive("x\r\n.\r\n")
        #expect(server.messages.count == 1)
        #expect(server.take().hasSuffix("250 2.0.0 Ok\r\n421 4.3.2 Service shutting down\r\n"))
        #expect(server.isClosed)
        server = ServerHarness()
        _ = server.take()
        server.session.timedOut()
        server.drain()
        #expect(server.take() == "421 4.4.2 Timeout waiting for client\r\n")
        #expect(server.isClosed)
    }
}
