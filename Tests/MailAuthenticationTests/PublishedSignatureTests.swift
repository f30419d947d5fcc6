import MailAuthentication
import Testing

@Suite("Published DKIM examples")
struct PublishedSignatureTests {
    /// A published message, its keys, and the fields of `h=` order that its signatures are found in.
    struct Example: CustomTestStringConvertible {
        let testDescription: String
        let message: [UInt8]
        let recordName: String
        let record: String
        let key: @Sendable () throws -> DKIMKey
        /// Which DKIM-Signature field of the message, from the top.
        let index: Int
    }

    static let examples = [
        Example(
            testDescription: "RFC 6376 A.3, rsa-sha256 simple/simple", message: DKIMVectors.rfc6376Message,
            recordName: "brisbane._domainkey.example.com", record: DKIMVectors.rfc6376Record,
            key: { try DKIMKey(pem: DKIMVectors.rfc6376PrivateKey) }, index: 0),
        Example(
            testDescription: "RFC 8463 A.3, ed25519-sha256 relaxed/relaxed", message: DKIMVectors.rfc8463Message,
            recordName: "brisbane._domainkey.football.example.com", record: DKIMVectors.rfc8463Ed25519Record,
            key: { try DKIMKey(ed25519Seed: decode(DKIMVectors.rfc8463Ed25519Seed)) }, index: 0),
        Example(
            testDescription: "RFC 8463 A.3, rsa-sha256 relaxed/relaxed", message: DKIMVectors.rfc8463Message,
            recordName: "test._domainkey.football.example.com", record: DKIMVectors.rfc8463RSARecord,
            key: { try DKIMKey(pem: DKIMVectors.rfc8463RSAPrivateKey) }, index: 1),
    ]

    @Test("the published signature passes", arguments: examples)
    func verifies(example: Example) async throws {
        let results = await DKIMVerifier().verify(example.message, at: 1_528_637_909) { name in
            name == example.recordName ? .records([Array(example.record.utf8)]) : .notFound
        }
        let result = try #require(results.count > example.index ? results[example.index] : nil)
        #expect(result.result == .pass)
        #expect(result.signature?.recordName == example.recordName)
    }

    @Test("the published private key gives the published signature and the published key record", arguments: examples)
    func reproduces(example: Example) throws {
        let field = try #require(signatureFields(of: example.message).dropFirst(example.index).first)
        let published = try DKIMSignature(field: Array(example.message[field]))
        let unsigned = DKIMSignature.withoutSignature(Array(example.message[field]))
        let data = try DKIMSignedData.bytes(
            message: example.message.span, names: published.headerNames, signatureField: unsigned.span,
            excluded: field, canonicalization: published.headerCanonicalization)
        let key = try example.key()
        #expect(try key.signature(of: data.span) == published.signature)
        let p = try #require(example.record.split(separator: "p=", maxSplits: 1).last)
        #expect(try key.recordText().hasSuffix(p))
    }

    @Test("the published body hash", arguments: examples)
    func bodyHash(example: Example) throws {
        let field = try #require(signatureFields(of: example.message).dropFirst(example.index).first)
        let published = try DKIMSignature(field: Array(example.message[field]))
        let start = try #require(bodyStart(of: example.message))
        var hash = try DKIMBodyHash(published.bodyCanonicalization)
        hash.update(example.message.span.extracting(start..<example.message.count))
        #expect(try hash.finalize() == published.bodyHash)
    }

    @Test("a changed byte anywhere that is signed fails", arguments: examples)
    func changes(example: Example) async throws {
        let start = try #require(bodyStart(of: example.message))
        let record = Array(example.record.utf8)
        for position in [start, start - 20, example.message.count - 4] {
            var message = example.message
            message[position] ^= 1
            let results = await DKIMVerifier().verify(message, at: 1_528_637_909) { _ in .records([record]) }
            let result = try #require(results.count > example.index ? results[example.index] : nil)
            #expect(result.result == .fail(position < start ? .signatureMismatch : .bodyHashMismatch))
        }
    }

    @Test("RFC 8463's canonical header is the one its text shows")
    func canonicalHeader() {
        var output = [UInt8]()
        for line in DKIMVectors.header {
            DKIMCanonicalization.relaxed.appendHeader(Array("\(line)\r\n".utf8).span, to: &output)
        }
        let expected = """
            from:Joe SixPack <joe@football.example.com>\r
            to:Suzie Q <suzie@shopping.example.net>\r
            subject:Is dinner ready?\r
            date:Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
            message-id:<20030712040037.46341.5F8J@football.example.com>\r

            """
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
