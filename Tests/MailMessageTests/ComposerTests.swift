import MailMessage
import Testing

@Suite struct ComposerTests {
    static func composer() throws -> MessageComposer {
        var composer = MessageComposer(
            from: try Mailbox("Jörg <joerg@example.com>"), date: 1_768_478_400_000, messageID: "0100-1@example.com", boundarySeed: "0100-1")
        composer.to = [try Mailbox("a@b.c")]
        composer.subject = "Hello"
        return composer
    }

    private static func structure(_ composer: MessageComposer) throws -> MIMEStructure {
        let bytes = try composer.compose()
        // What is composed is in the one form already, 7-bit, and repeatable.
        let message = try RawMessage(bytes, lineEndings: .reject)
        #expect(message.bytes == bytes)
        #expect(!message.isEightBit)
        #expect(message.header.defects == [])
        #expect(SingleInstanceHeaders.firstDuplicate(in: message.header) == nil)
        #expect(try composer.compose() == bytes)
        return try MIMEStructure(message)
    }

    private static func types(_ structure: MIMEStructure) -> [String] { structure.parts.map { "\($0.depth) \($0.contentType.mediaType)" } }

    private static func text(_ part: MIMEPart) -> String { String(decoding: part.decodedBody(), as: UTF8.self) }

    @Test func plainTextToTheOctet() throws {
        var composer = try Self.composer()
        composer.text = BodyText("Hi\n.\nbye")
        composer.headers = [("X-Tag", "v")]
        let expected = [
            "Date: Thu, 15 Jan 2026 12:00:00 +0000", "From: =?UTF-8?B?SsO2cmc=?= <joerg@example.com>", "To: a@b.c", "Subject: Hello",
            "Message-ID: <0100-1@example.com>", "MIME-Version: 1.0", "X-Tag: v", "Content-Type: text/plain; charset=us-ascii",
            "Content-Transfer-Encoding: 7bit", "", "Hi", ".", "bye", "",
        ].joined(separator: "\r\n")
        #expect(String(decoding: try composer.compose(), as: UTF8.self) == expected)
    }

    @Test func structures() throws {
        let image = Attachment(content: [1, 2, 3], fileName: "i.png", disposition: .inline, contentID: "cid")
        let file = Attachment(content: [0xFF], fileName: "f.pdf")
        var composer = try Self.composer()
        #expect(Self.types(try Self.structure(composer)) == ["0 text/plain"])
        composer.html = BodyText("<p>ü</p>")
        #expect(Self.types(try Self.structure(composer)) == ["0 text/html"])
        composer.attachments = [image]
        #expect(Self.types(try Self.structure(composer)) == ["0 multipart/related", "1 text/html", "1 image/png"])
        composer.text = BodyText("x")
        #expect(
            Self.types(try Self.structure(composer)) == [
                "0 multipart/alternative", "1 text/plain", "1 multipart/related", "2 text/html", "2 image/png",
            ])
        composer.attachments = [image, file]
        #expect(
            Self.types(try Self.structure(composer)) == [
                "0 multipart/mixed", "1 multipart/alternative", "2 text/plain", "2 multipart/related", "3 text/html", "3 image/png",
                "1 application/pdf",
            ])
        composer.html = nil
        #expect(Self.types(try Self.structure(composer)) == ["0 multipart/mixed", "1 text/plain", "1 image/png", "1 application/pdf"])
    }

    @Test(arguments: [
        "ascii\r\n", "Grüße\r\n", "日本語\r\n本文\r\n", "blank at end \r\n\ttab\t\r\n", "From me\r\n.\r\n--=_1_0100-1\r\n", "=3D\r\n",
    ]) func bodiesSurvive(_ text: String) throws {
        for html in [nil, BodyText("<b>ä</b>\r\n")] {
            var composer = try Self.composer()
            composer.text = BodyText(text)
            composer.html = html
            let leaves = try Self.structure(composer).leaves
            #expect(Self.text(leaves[0]) == text)
            if html != nil { #expect(Self.text(leaves[1]) == "<b>ä</b>\r\n") }
        }
        var long = try Self.composer()
        long.text = BodyText(String(repeating: text.replacing("\r\n", with: " "), count: 300))
        #expect(Self.text(try Self.structure(long).leaves[0]).hasPrefix(long.text?.text ?? "-"))
    }

    @Test(
        arguments: [
            (nil, "é", "utf-8"), (nil, "e", "us-ascii"), ("UTF-8", "e", "utf-8"), ("ISO-8859-1", "é", "iso-8859-1"), ("ISO-8859-1", "€", "utf-8"),
            ("Shift_JIS", "日", "utf-8"), ("Shift_JIS", "x", "us-ascii"), ("windows-1252", "€", "windows-1252"), ("US-ASCII", "é", "utf-8"),
        ] as [(String?, String, String)]) func charsets(_ wish: String?, _ text: String, _ label: String) throws
    {
        var composer = try Self.composer()
        composer.text = BodyText(text, charset: wish)
        let part = try Self.structure(composer).leaves[0]
        #expect(part.contentType.parameters["charset"] == label)
        let charset = try #require(MailCharset(label: label.utf8))
        #expect(charset.decode(part.decodedBody()).hasPrefix(text))
    }

    @Test(arguments: [
        "Hello", "", "Grüße", "日本語の件名がとても長いときにどうなるかを確かめるための件名です", "😀", " blank ", "tab\there", String(repeating: "x", count: 2000),
        String(repeating: "word ", count: 100) + "end", String(repeating: " ", count: 1200) + "x", "\u{7F}",
    ]) func subjectsSurvive(_ subject: String) throws {
        var composer = try Self.composer()
        composer.subject = subject
        #expect(try Self.structure(composer).parts[0].header.text("Subject") == subject)
    }

    @Test(arguments: [
        "Name", "O'Neil, \"Bob\" (x) \\", "a.b@c", "日本語", "=?UTF-8?Q?x?=", "  two  ", String(repeating: "long ", count: 100) + "x", "<x>",
    ])
    func namesSurvive(_ name: String) throws {
        var composer = try Self.composer()
        composer.to = [
            Mailbox(displayName: name, address: try EmailAddress("\"q q\"@bücher.example")),
            Mailbox(displayName: name, address: try EmailAddress("a@b.c")),
        ]
        let value = try #require(try Self.structure(composer).parts[0].header.value("To"))
        #expect(try AddressList(bytes: value).mailboxes == composer.to)
    }

    @Test(arguments: [
        "a.txt", "résumé.pdf", "長いファイル名がここにあります、とても長いので分割されるはずです.png", "q\"b\\s.txt", "a b.csv", "=?UTF-8?Q?x?=.bin", "a;b.dat", "'%*.gif",
        String(repeating: "long", count: 60) + ".zip", "",
    ]) func fileNamesSurvive(_ name: String) throws {
        for encoding in [nil, .base64, .quotedPrintable, .sevenBit] as [TransferEncoding?] {
            var composer = try Self.composer()
            let content = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
            composer.attachments = [
                Attachment(
                    content: content, fileName: name, contentType: "application/x-y", transferEncoding: encoding, contentDescription: "Übersicht")
            ]
            let part = try #require(try Self.structure(composer).leaves.last)
            #expect(part.fileName ?? "" == name)
            #expect(part.decodedBody() == content)
            #expect(part.header.text("Content-Description") == "Übersicht")
            if !name.isEmpty { #expect(part.contentType.parameters["name"] == name) }
        }
    }

    @Test(arguments: ["a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\0b"]) func nothingInjects(_ text: String) throws {
        let mutations: [(inout MessageComposer) throws -> Void] = [
            { $0.subject = text }, { $0.to = [Mailbox(displayName: text, address: try EmailAddress("a@b.c"))] },
            { $0.headers = [("X-A", text)] }, { $0.headers = [(text, "v")] }, { $0.messageID = text }, { $0.boundarySeed = text },
            { $0.text = BodyText("x", charset: text) }, { $0.attachments = [Attachment(content: [], fileName: text)] },
            { $0.attachments = [Attachment(content: [], fileName: "a", contentType: "text/plain; x=\(text)")] },
            { $0.attachments = [Attachment(content: [], fileName: "a", contentID: text)] },
            { $0.attachments = [Attachment(content: [], fileName: "a", contentDescription: text)] },
        ]
        for mutation in mutations {
            var composer = try Self.composer()
            try mutation(&composer)
            #expect(throws: ComposeError.self) { try composer.compose() }
        }
    }

    @Test(arguments: ["From", "BCC", "content-type", "Return-Path", "DKIM-Signature"]) func reserved(_ name: String) throws {
        var composer = try Self.composer()
        composer.headers = [(name, "x")]
        #expect(throws: ComposeError(.reservedField, field: name)) { try composer.compose() }
    }

    @Test func longLinesAreRefusedOrFolded() throws {
        var composer = try Self.composer()
        composer.headers = [("X-A", String(repeating: "x", count: 990))]
        #expect(throws: Never.self) { try composer.compose() }
        composer.headers = [("X-A", String(repeating: "x", count: 994))]
        #expect(throws: ComposeError(.lineTooLong, field: "X-A")) { try composer.compose() }
        composer.headers = [("X-A", Array(repeating: "word", count: 100).joined(separator: " "))]
        let header = try Self.structure(composer).parts[0].header
        #expect(header.text("X-A") == composer.headers[0].value)
        for line in header.bytes[header.range].split(separator: 10) { #expect(line.count <= 79) }
    }

    @Test func contentTypesAreChecked() throws {
        for type in ["multipart/mixed; boundary=x", "nonsense", "text/plain; name=x"] {
            var composer = try Self.composer()
            composer.attachments = [Attachment(content: [], fileName: "a", contentType: type)]
            #expect(throws: ComposeError(.invalidValue, field: "ContentType")) { try composer.compose() }
        }
    }

    @Test func enclosedMessagesAreNotEncoded() throws {
        var composer = try Self.composer()
        composer.attachments = [Attachment(content: Array("Subject: x\r\n\r\ny\r\n".utf8), fileName: "m.eml")]
        #expect(Self.types(try Self.structure(composer)).contains("1 message/rfc822"))
        composer.attachments = [Attachment(content: Array("Subject: ü\r\n\r\ny\r\n".utf8), fileName: "m.eml")]
        #expect(Self.types(try Self.structure(composer)).contains("1 application/octet-stream"))
    }
}
