import NIOCore
import SMTPProtocol
import Testing

@Suite struct ReplyParserTests {
    static let wellFormed: [(String, [SMTPReply])] = [
        ("250 2.0.0 Ok\r\n", [SMTPReply(code: 250, text: "2.0.0 Ok")]),
        ("220\r\n", [SMTPReply(code: 220, text: "")]),
        ("220 \r\n", [SMTPReply(code: 220, text: "")]),
        ("250-a\r\n250-\r\n250 c\r\n", [SMTPReply(code: 250, text: "a\n\nc")]),
        ("550-5.7.1 refused\r\n550 5.7.1 see https://example.com\r\n", [SMTPReply(code: 550, text: "5.7.1 refused\n5.7.1 see https://example.com")]),
        ("250 one\n250 two\r\n", [SMTPReply(code: 250, text: "one"), SMTPReply(code: 250, text: "two")]),
        ("250-x\r\n250\r\n354 go\r\n", [SMTPReply(code: 250, text: "x\n"), SMTPReply(code: 354, text: "go")]),
        ("250 \u{1B}[2Jevil\u{0}\r\n", [SMTPReply(code: 250, text: "?[2Jevil?")]),
        ("550 5.1.1 häßlich\r\n", [SMTPReply(code: 550, text: "5.1.1 häßlich")]),
    ]

    private func parse(_ chunks: [ByteBuffer]) throws -> [SMTPReply] {
        var parser = SMTPReplyParser()
        var buffer = ByteBuffer()
        var replies: [SMTPReply] = []
        for var chunk in chunks {
            buffer.writeBuffer(&chunk)
            while let reply = try parser.next(from: &buffer) { replies.append(reply) }
        }
        #expect(buffer.readableBytes == 0)
        #expect(!parser.isInsideReply)
        return replies
    }

    @Test(arguments: wellFormed) func everySplit(_ text: String, _ expected: [SMTPReply]) throws {
        let all = ByteBuffer(string: text)
        for first in 0...all.readableBytes {
            for second in stride(from: first, through: all.readableBytes, by: 3) {
                let chunks = [
                    all.getSlice(at: 0, length: first), all.getSlice(at: first, length: second - first),
                    all.getSlice(at: second, length: all.readableBytes - second),
                ].compactMap { $0 }
                #expect(try parse(chunks) == expected, "split at \(first), \(second)")
            }
        }
        let octets = (0..<all.readableBytes).compactMap { all.getSlice(at: $0, length: 1) }
        #expect(try parse(octets) == expected)
    }

    @Test(arguments: [
        "\r\n", "25\r\n", "250_x\r\n", "999 x\r\n", "199 x\r\n", "000 x\r\n", "2x0 x\r\n", "HTTP/1.1 400 Bad Request\r\n", "250-a\r\n550 b\r\n",
        "250-a\r\n\r\n",
        " 250 x\r\n", "\u{FF}\u{FE}\r\n", "250-a\r\n250_b\r\n", "2500 x\r\n", "\u{16}\u{3}\u{1}\u{0}\n",
    ])
    func garbage(_ text: String) {
        var parser = SMTPReplyParser()
        var buffer = ByteBuffer(string: text)
        #expect(throws: SMTPProtocolError(.malformedReply)) { while try parser.next(from: &buffer) != nil {} }
    }

    @Test func limits() throws {
        var parser = SMTPReplyParser()
        var long = ByteBuffer(string: "250 " + String(repeating: "x", count: 4096))
        #expect(throws: SMTPProtocolError(.replyLineTooLong)) { try parser.next(from: &long) }

        parser = SMTPReplyParser()
        var atLimit = ByteBuffer(string: "250 " + String(repeating: "x", count: 4096 - 6) + "\r\n")
        let reply = try parser.next(from: &atLimit)
        #expect(reply?.code == 250)

        parser = SMTPReplyParser()
        var many = ByteBuffer(string: String(repeating: "250-x\r\n", count: 101))
        #expect(throws: SMTPProtocolError(.replyHasTooManyLines)) { try parser.next(from: &many) }

        parser = SMTPReplyParser()
        var large = ByteBuffer(string: String(repeating: "250-" + String(repeating: "x", count: 2000) + "\r\n", count: 40))
        #expect(throws: SMTPProtocolError(.replyTooLong)) { try parser.next(from: &large) }
    }

    @Test(
        arguments: [
            ("5.1.1 x", 550, SMTPEnhancedStatusCode(5, 1, 1)), ("5.7.515 x", 550, SMTPEnhancedStatusCode(5, 7, 515)),
            ("4.7.0", 421, SMTPEnhancedStatusCode(4, 7, 0)), ("2.0.0 Ok", 250, SMTPEnhancedStatusCode(2, 0, 0)),
            ("4.7.0 x", 550, nil), ("5.1 x", 550, nil), ("5.1.1x", 550, nil), ("5..1 x", 550, nil), ("5.1234.1 x", 550, nil), ("", 550, nil),
            ("10.0.0.1 x", 550, nil), ("first\n5.1.2 second", 550, SMTPEnhancedStatusCode(5, 1, 2)),
            ("5.1.2 first\nsecond", 550, SMTPEnhancedStatusCode(5, 1, 2)),
            ("2.0.0 x", 354, nil),
        ] as [(String, UInt16, SMTPEnhancedStatusCode?)])
    func enhancedStatus(_ text: String, _ code: UInt16, _ expected: SMTPEnhancedStatusCode?) {
        #expect(SMTPReply(code: code, text: text).enhancedStatus == expected)
    }

    @Test func writing() {
        var buffer = ByteBuffer()
        SMTPReply(code: 550, text: "5.1.1 a\r\u{0}b\n250 c").write(to: &buffer)
        #expect(String(buffer: buffer) == "550-5.1.1 a  b\r\n550 250 c\r\n")
    }

    @Test func descriptionHidesTheText() {
        #expect(SMTPReply(code: 550, text: "5.1.1 <secret@example.com> unknown").description == "550 5.1.1")
    }

    @Test func capabilities() {
        let reply = SMTPReply(
            code: 250,
            text:
                "mx.example.net PIPELINING is not offered here\nsize 1000\nStartTLS\n8BITMIME\nAUTH=LOGIN\nAUTH PLAIN LOGIN\nX-UNKNOWN y\nCHUNKING\nDSN\nSMTPUTF8"
        )
        let capabilities = EHLOCapabilities(reply: reply)
        #expect(capabilities.extensions == [.size, .startTLS, .eightBitMIME, .auth, .chunking, .dsn, .smtpUTF8])
        #expect(capabilities.maximumMessageOctets == 1000)
        #expect(capabilities.authMechanisms == ["LOGIN", "PLAIN"])
        #expect(EHLOCapabilities(reply: SMTPReply(code: 250, text: "x\nSIZE")).maximumMessageOctets == nil)
        #expect(EHLOCapabilities(reply: SMTPReply(code: 250, text: "x\nSIZE 0")).maximumMessageOctets == nil)
        #expect(EHLOCapabilities(reply: SMTPReply(code: 250, text: "x\nSIZE 99999999999999999999999")).maximumMessageOctets == nil)
    }
}
