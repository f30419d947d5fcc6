import MailAuthentication
import Testing

@Suite("DKIM signer")
struct DKIMSignerTests {
    static let rsa = try? DKIMKey(pem: DKIMVectors.rfc8463RSAPrivateKey)
    static let ed25519 = try? DKIMKey(ed25519Seed: decode(DKIMVectors.rfc8463Ed25519Seed))

    static let message = """
        Received: from somewhere\n by elsewhere
        From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>
        To: a@example.net
        Subject:  Hello\n\tworld
        Date: Fri, 11 Jul 2003 21:00:37 -0700
        Message-ID: <1@example.com>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        List-Unsubscribe: <https://example.com/u/1>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        Bcc: hidden@example.org

        Hello,  world.\t


        """.crlf

    private func signers() throws -> [DKIMSigner] {
        [
            try DKIMSigner(domain: "example.com", selector: "s1", key: #require(Self.rsa)),
            try DKIMSigner(domain: "example.com", selector: "s2", key: #require(Self.ed25519)),
        ]
    }

    private func lookup(_ name: String) -> DKIMKeyLookup {
        switch name {
        case "s1._domainkey.example.com": .records([Array(DKIMVectors.rfc8463RSARecord.utf8)])
        case "s2._domainkey.example.com": .records([Array(DKIMVectors.rfc8463Ed25519Record.utf8)])
        default: .notFound
        }
    }

    @Test("both signatures pass; the same input gives the same bytes")
    func roundTrip() async throws {
        let signers = try signers()
        let fields = try DKIMSigner.signatureFields(for: Self.message.span, by: signers, at: 1_700_000_000)
        #expect(try DKIMSigner.signatureFields(for: Self.message.span, by: signers, at: 1_700_000_000) == fields)
        let results = await DKIMVerifier().verify(fields + Self.message, at: 1_700_000_000, lookup: lookup)
        #expect(results.map(\.result) == [.pass, .pass])
        #expect(results.map { $0.signature?.algorithm } == [.rsaSHA256, .ed25519SHA256])
        #expect(results.allSatisfy { $0.signature?.time == 1_700_000_000 && $0.signature?.bodyLength == nil })
    }

    @Test("lines are folded within 78 columns and the field is one")
    func folding() throws {
        let long = try DKIMSigner(
            domain: "a-rather-long-name.of-some.organisational-unit.example.com", selector: "2026-selector-one",
            key: #require(Self.rsa), lifetime: 86_400)
        for signer in try signers() + [long] {
            let field = try signer.signatureField(for: Self.message.span, at: 1_700_000_000)
            let text = String(decoding: field, as: UTF8.self)
            #expect(text.utf8.starts(with: "DKIM-Signature: v=1; a=".utf8))
            #expect(text.utf8.reversed().starts(with: [0x0A, 0x0D]))
            let lines = field.dropLast(2).split(separator: 0x0A).map { $0.last == 0x0D ? $0.dropLast() : $0 }
            #expect(lines.allSatisfy { $0.count <= 78 && !$0.isEmpty })
            #expect(lines.dropFirst().allSatisfy { $0.first == 0x20 && $0.dropFirst().first != 0x20 })
            #expect(!field.contains(0x09))
        }
    }

    @Test("what is covered: all that is present, oversigned what must not be added, never Bcc or Received")
    func coverage() throws {
        let signer = try #require(try signers().first)
        let field = try signer.signatureField(for: Self.message.span, at: 0)
        let names = try DKIMSignature(field: field).headerNames.map { String(decoding: $0, as: UTF8.self).lowercased() }
        func count(_ name: String) -> Int { names.count { $0 == name } }
        for name in [
            "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
            "list-unsubscribe", "list-unsubscribe-post",
        ] {
            #expect(count(name) == 2, "\(name)")
        }
        for name in ["cc", "reply-to", "sender", "in-reply-to", "references"] { #expect(count(name) == 1, "\(name)") }
        for name in ["received", "bcc", "return-path", "dkim-signature", "list-id"] { #expect(count(name) == 0, "\(name)") }
    }

    static let additions = [
        "From: x@evil.example", "Subject: other", "To: x@y", "Cc: x@y", "Reply-To: x@y", "Date: now",
        "Message-ID: <2@x>", "MIME-Version: 1.0", "Content-Type: text/html", "List-Unsubscribe: <https://evil>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Content-Transfer-Encoding: base64", "Sender: x@y",
    ]

    @Test("adding an oversigned field, on top or below, breaks the signature", arguments: additions)
    func additionBreaks(line: String) async throws {
        let fields = try DKIMSigner.signatureFields(for: Self.message.span, by: signers(), at: 0)
        let added = Array("\(line)\r\n".utf8)
        let end = try #require(bodyStart(of: Self.message)) - 2
        let below = Array(Self.message[..<end]) + added + Self.message[end...]
        for message in [added + fields + Self.message, fields + added + Self.message, fields + below] {
            let results = await DKIMVerifier().verify(message, at: 0, lookup: lookup)
            #expect(results.map(\.result) == [.fail(.signatureMismatch), .fail(.signatureMismatch)])
        }
    }

    @Test("what relays do leaves it valid")
    func transitKeepsIt() async throws {
        let fields = try DKIMSigner.signatureFields(for: Self.message.span, by: signers(), at: 0)
        let folded = String(decoding: fields + Self.message, as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("Subject:") ? "SUBJECT :   Hello \r\n   " : String($0) }
            .joined(separator: "\r\n")
        let message = Array("Received: by x\r\nReturn-Path: <>\r\n\(folded)\r\n\r\n \r\n".utf8)
        let results = await DKIMVerifier().verify(message, at: 0, lookup: lookup)
        #expect(results.map(\.result) == [.pass, .pass])
    }

    @Test("a message signed already keeps its signatures and gets new ones that do not cover them")
    func signedAlready() async throws {
        let signers = try signers()
        let first = try signers[0].signatureField(for: Self.message.span, at: 0)
        let second = try signers[1].signatureField(for: (first + Self.message).span, at: 0)
        let message = second + first + Self.message
        let results = await DKIMVerifier().verify(message, at: 0, lookup: lookup)
        #expect(results.map(\.result) == [.pass, .pass])
        let without = await DKIMVerifier().verify(second + Self.message, at: 0, lookup: lookup)
        #expect(without.map(\.result) == [.pass])
    }

    struct OddMessage: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
    }

    static let oddMessages: [OddMessage] = [
        OddMessage(testDescription: "no body", bytes: "From: a@b\n\n".crlf),
        OddMessage(testDescription: "no empty line", bytes: "From: a@b\n".crlf),
        OddMessage(testDescription: "no last CRLF in the header", bytes: Array("From: a@b".utf8)),
        OddMessage(testDescription: "no last CRLF in the body", bytes: "From: a@b\n\nbody".crlf),
        OddMessage(testDescription: "a line without a colon", bytes: "nonsense\nFrom: a@b\n\nbody\n".crlf),
        OddMessage(testDescription: "two From fields", bytes: "From: a@b\nFrom: c@d\n\nbody\n".crlf),
        OddMessage(testDescription: "field with an empty name", bytes: ": x\nFrom: a@b\n\nbody\n".crlf),
        OddMessage(testDescription: "obsolete space before the colon", bytes: "From : a@b\nSubject\t: x\n\nbody\n".crlf),
        OddMessage(testDescription: "bytes above 127", bytes: "From: ü@b\nSubject: \u{0}ü\n\nü\n".crlf),
        OddMessage(testDescription: "a very long field", bytes: "From: a@b\nSubject: \(String(repeating: "x ", count: 200_000))\n\nb\n".crlf),
        OddMessage(
            testDescription: "many folded lines", bytes: "From: a@b\nReferences:\(String(repeating: "\n \t<1@x>", count: 20_000))\n\nb\n".crlf),
        OddMessage(testDescription: "many fields", bytes: "From: a@b\n\(String(repeating: "Subject: x\n", count: 400))\nb\n".crlf),
    ]

    @Test("odd messages sign and verify", arguments: oddMessages)
    func oddMessage(odd: OddMessage) async throws {
        let message = odd.bytes
        let fields = try DKIMSigner.signatureFields(for: message.span, by: signers(), at: 0)
        let results = await DKIMVerifier().verify(fields + message, at: 0, lookup: lookup)
        #expect(results.map(\.result) == [.pass, .pass])
    }

    @Test("what cannot be signed says why")
    func refusals() throws {
        let key = try #require(Self.rsa)
        let signer = try DKIMSigner(domain: "example.com", selector: "s", key: key)
        func code(_ message: [UInt8]) -> DKIMError.Code? {
            do throws(DKIMError) { _ = try signer.signatureField(for: message.span, at: 0) } catch { return error.code }
            return nil
        }
        #expect(code([]) == .missingFrom)
        #expect(code(" odd\nFrom: a@b\n\n".crlf) == .malformedHeader)
        #expect(code("Subject: x\n\nFrom: a@b\n".crlf) == .missingFrom)
        #expect(code("From: a@b\n\(String(repeating: "X: y\n", count: 2_000))\n".crlf) == .headerTooLarge)
        #expect(code(Array("From: a@b\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 1 << 20)) == .headerTooLarge)
        for (domain, selector) in [
            ("", "s"), ("example.com", ""), ("exa mple.com", "s"), ("example.com;", "s"), ("example.com", "s\r\nX: y"),
            (".example.com", "s"), ("example.com.", "s"), ("-a.com", "s"), ("bücher.example", "s"),
            (String(repeating: "a", count: 64) + ".com", "s"), (String(repeating: "a.", count: 127) + "aa", "s"),
        ] {
            #expect(throws: DKIMError.self) { try DKIMSigner(domain: domain, selector: selector, key: key) }
        }
    }

    @Test("the pieces of the field are in their order")
    func transcript() throws {
        let signer = try DKIMSigner(
            domain: "example.com", selector: "s1", key: #require(Self.ed25519),
            headers: DKIMHeaderPolicy(signed: ["From", "Subject"], oversigned: ["from"]), lifetime: 60)
        let field = try signer.signatureField(for: "From: a@b\nSubject: s\n\n".crlf.span, at: 1_000)
        let text = String(decoding: field, as: UTF8.self)
        let expected = """
            DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r
             t=1000; x=1060; h=From:From:Subject;\r
             bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r
             b=
            """
        #expect(text.hasPrefix(expected))
    }
}
