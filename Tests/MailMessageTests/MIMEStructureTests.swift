import MailMessage
import Testing

@Suite struct MIMEStructureTests {
    static let complex = """
        From: a@b.c
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="outer"

        preamble
        --outer
        Content-Type: multipart/alternative; boundary=outer-inner

        --outer-inner
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Gr=C3=BC=C3=9Fe
        --outer-inner
        Content-Type: text/html

        <p>x</p>
        --outer-inner--
        epilogue
        --outer \u{20}
        Content-Type: application/pdf; name="a.pdf"
        Content-Transfer-Encoding: base64
        Content-Disposition: attachment; filename*=UTF-8''%C3%BC.pdf

        Zm9v
        YmFy
        --outer
        Content-Type: message/rfc822

        Subject: inside
        Content-Type: multipart/digest; boundary=d

        --d

        Subject: digest entry

        entry
        --d--
        --outer--
        the end
        """

    private static func structure(_ text: String) throws -> MIMEStructure { try MIMEStructure(RawMessage(Array(text.utf8))) }

    private static func text(_ part: MIMEPart) -> String { String(decoding: part.decodedBody(), as: UTF8.self) }

    @Test func walks() throws {
        let structure = try Self.structure(Self.complex)
        #expect(
            structure.parts.map { "\($0.depth) \($0.contentType.mediaType)" } == [
                "0 multipart/mixed", "1 multipart/alternative", "2 text/plain", "2 text/html", "1 application/pdf", "1 message/rfc822",
                "2 multipart/digest", "3 message/rfc822", "4 text/plain",
            ])
        #expect(structure.parts.map(\.parent) == [nil, 0, 1, 1, 0, 0, 5, 6, 7])
        #expect(structure.leaves.map(Self.text) == ["Grüße", "<p>x</p>", "foobar", "entry"])
        #expect(structure.parts[4].fileName == "ü.pdf")
        #expect(structure.parts[4].disposition == "attachment")
        #expect(structure.parts[6].header.text("Subject") == "inside")
    }

    @Test func truncationsNeverTrap() throws {
        let bytes = Array(Self.complex.utf8)
        for end in bytes.indices {
            let message = try RawMessage(Array(bytes[..<end]))
            for part in try MIMEStructure(message).parts {
                #expect(part.body.lowerBound >= 0 && part.body.upperBound <= message.bytes.count)
                _ = part.decodedBody()
                _ = part.fileName
            }
        }
    }

    @Test func missingEndsHideNothing() throws {
        let structure = try Self.structure(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--a\n\ntwo\n")
        #expect(structure.leaves.map(Self.text) == ["one", "two\r\n"])
        #expect(structure.leaves.map(\.depth) == [2, 1])
    }

    @Test func partWithoutEmptyLine() throws {
        let structure = try Self.structure("Content-Type: multipart/mixed; boundary=a\n--a\nno header\n--a\nX: y\n--a--\n")
        #expect(structure.leaves.count == 2)
        #expect(Self.text(structure.leaves[0]) == "no header")
    }

    @Test func multipartWithoutBoundaryIsOpaque() throws {
        let structure = try Self.structure("Content-Type: multipart/mixed\n\n--\n--a\n")
        #expect(structure.parts.count == 1)
        #expect(structure.leaves.count == 1)
    }

    @Test func limits() throws {
        let many = "Content-Type: multipart/mixed; boundary=a\n\n" + String(repeating: "--a\n\nx\n", count: 500)
        #expect(try Self.structure(many).parts.count == 501)
        #expect(throws: MessageError.self) { try Self.structure(many + "--a\n\nx\n") }
        var deep = ""
        for level in 0..<100 { deep += "Content-Type: multipart/mixed; boundary=b\(level)\n\n--b\(level)\n" }
        #expect(throws: MessageError.self) { try Self.structure(deep) }
        #expect(throws: MessageError.self) { try Self.structure(String(repeating: "Content-Type: message/rfc822\n\n", count: 1000)) }
    }

    @Test(arguments: ["7bit", "base64", "quoted-printable"]) func findsTheTestFile(_ encoding: String) throws {
        let content = Array("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR".utf8) + Array("-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*".utf8)
        let body =
            switch encoding {
            case "base64": Base64.encodeLines(content)
            case "quoted-printable": QuotedPrintable.encode(content)
            default: content
            }
        let head = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nhello\r\n--a\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n"
        let message = try RawMessage(Array(head.utf8) + body + Array("\r\n--a--\r\n".utf8))
        #expect(EICARTestFile.isContained(in: try MIMEStructure(message)))
        let other = try RawMessage(Array(head.utf8) + body.reversed() + Array("\r\n--a--\r\n".utf8))
        #expect(!EICARTestFile.isContained(in: try MIMEStructure(other)))
    }
}
