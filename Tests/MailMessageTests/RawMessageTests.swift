import MailMessage
import Testing

@Suite struct RawMessageTests {
    private static func message(_ text: String, lineEndings: RawMessage.LineEndingPolicy = .normalize) throws -> RawMessage {
        try RawMessage(Array(text.utf8), lineEndings: lineEndings)
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: [
        ("A: b\r\n\r\nx\r\n", "A: b\r\n\r\nx\r\n"), ("A: b\n\nx\n", "A: b\r\n\r\nx\r\n"), ("A: b\r\rx\r", "A: b\r\n\r\nx\r\n"),
        ("A: b\n\n.\n", "A: b\r\n\r\n.\r\n"), ("A: b\r\n\r\n\r.\r\r\n", "A: b\r\n\r\n\r\n.\r\n\r\n"), ("A: b\r\n\r\nx", "A: b\r\n\r\nx\r\n"),
        ("A: b", "A: b\r\n\r\n"), ("A: b\r\nbody\r\n", "A: b\r\n\r\nbody\r\n"), ("From me Thu\nA: b\n\nx\n", "A: b\r\n\r\nx\r\n"),
        ("\r\nx\r\n", "\r\nx\r\n"), (" x\r\n", "\r\n x\r\n"),
    ]) func becomesOneForm(_ raw: String, _ normal: String) throws {
        let message = try Self.message(raw)
        #expect(Self.text(message.bytes) == normal)
        #expect(Self.text(try message.applying([])) == normal)
        let again = try RawMessage(message.bytes, lineEndings: .reject)
        #expect(again.bytes == message.bytes)
    }

    @Test func refusals() {
        #expect(throws: MessageError(.nulByte, offset: 7)) { try Self.message("A: b\r\n\r\0\n") }
        #expect(throws: MessageError(.bareLineEnding, offset: 8)) { try Self.message("A: b\r\n\r\n\nx\r\n", lineEndings: .reject) }
        #expect(throws: MessageError(.bareLineEnding, offset: 9)) { try Self.message("A: b\r\n\r\nx\ry\r\n", lineEndings: .reject) }
        let line = String(repeating: "x", count: 998)
        #expect(throws: Never.self) { try Self.message("A: b\r\n\r\n\(line)\r\n\(line)") }
        #expect(throws: MessageError(.lineTooLong, offset: 8)) { try Self.message("A: b\r\n\r\n\(line)x\r\n") }
        #expect(throws: MessageError(.lineTooLong, offset: 8)) { try Self.message("A: b\r\n\r\n\(line)x") }
        #expect(throws: MessageError(.tooManyFields, offset: 12_000)) { try Self.message(String(repeating: "A: b\r\n", count: 10_000)) }
        #expect(throws: MessageError(.headerTooLarge, offset: 0)) {
            try Self.message("A: b\r\n" + String(repeating: " folded line of a header that does not end\r\n", count: 30_000))
        }
        #expect(throws: MessageError(.lineTooLong, offset: 0)) { try Self.message("A: " + String(repeating: "b", count: 1_000_000)) }
    }

    @Test func looksFieldsUp() throws {
        let message = try Self.message("Subject: =?UTF-8?Q?=C3=BC?=\r\n x\r\nRECEIVED: a\r\nreceived : b\r\n\r\n")
        #expect(message.header.text("subject") == "ü x")
        #expect(message.header.all("Received").map { message.header.unfoldedValue(of: $0) } == [[97], [98]])
        #expect(message.header.defects == .spaceBeforeColon)
        #expect(message.header.value("missing") == nil)
        #expect(message.header.first("SUBJECT").map { message.header.name(of: $0) } == "Subject")
    }

    @Test func reportsDefects() throws {
        #expect(try HeaderBlock(Array("A: b\n\r\n".utf8)).defects == .bareLineFeed)
        #expect(try HeaderBlock(Array("A: b\rc\r\n\r\n".utf8)).defects == .bareCarriageReturn)
        #expect(try HeaderBlock(Array("A: b\r\nno field\r\n".utf8)).defects == .missingSeparator)
        #expect(try HeaderBlock(Array("Ünicode: b\r\n\r\n".utf8)).fields.isEmpty)
        let invalid = try HeaderBlock([0x41, 0x3A, 0xFF, 0xC3, 13, 10, 13, 10])
        #expect(invalid.value("a") == [0xFF, 0xC3])
        #expect(invalid.text("a") == "\u{FFFD}\u{FFFD}")
    }

    @Test func editsTheHeaderOnly() throws {
        let raw =
            "X-SES-Configuration-Set: s\r\nFrom: a@b.c\r\nBcc: x@y.z,\r\n folded@y.z\r\nDate: old\r\ndate: older\r\nx-ses-tenant: t\r\n\r\nBcc: body\r\n"
        let edited = try Self.message(raw).applying([
            .removePrefixed("X-SES-"), .remove("BCC"), .replace(name: "Date", value: Array("new".utf8)),
            .replace(name: "Message-ID", value: Array("<i@d>".utf8)), .prepend(name: "Received", value: Array("1".utf8)),
            .prepend(name: "Received", value: Array("2".utf8)), .append(name: "X-End", value: Array("e".utf8)),
        ])
        #expect(Self.text(edited) == "Received: 1\r\nReceived: 2\r\nFrom: a@b.c\r\nDate: new\r\nMessage-ID: <i@d>\r\nX-End: e\r\n\r\nBcc: body\r\n")
    }

    @Test(arguments: ["x\r\nBcc: a@b.c", "x\ny", "x\ry", "x\0y"]) func editsCannotInject(_ value: String) throws {
        let message = try Self.message("A: b\r\n\r\n")
        #expect(throws: ComposeError(.forbiddenCharacter, field: "X")) { try message.applying([.prepend(name: "X", value: Array(value.utf8))]) }
        #expect(throws: ComposeError.self) { try message.applying([.append(name: value, value: [])]) }
    }

    @Test func duplicates() throws {
        func duplicate(_ text: String) throws -> String? { SingleInstanceHeaders.firstDuplicate(in: try Self.message(text).header) }
        #expect(try duplicate("Subject: a\r\nSUBJECT: b\r\n\r\n") == "SUBJECT")
        #expect(try duplicate("Content-Foo: a\r\nContent-foo: b\r\n\r\n") == "Content-foo")
        #expect(
            try duplicate("Received: a\r\nReceived: b\r\nTo: x\r\nTo: y\r\nContent-A: 1\r\nContent-B: 1\r\n\r\nSubject: a\r\nSubject: b\r\n") == nil)
    }
}
