import MailAuthentication
import Testing

@Suite("DKIM verifier")
struct DKIMVerifierTests {
    static let seed = decode(DKIMVectors.rfc8463Ed25519Seed)
    static let record = DKIMVectors.rfc8463Ed25519Record
    static let body = "Hello\r\n"

    /// A message whose signature field has these tags before `bh=` and `b=`, signed for real.
    private func signed(
        _ tags: String = "v=1; a=ed25519-sha256; d=example.com; s=s; h=from", body: String = body,
        hashed: String? = nil, canonicalization: DKIMCanonicalization = .simple, key: DKIMKey? = nil
    ) throws -> [UInt8] {
        let message = Array("From: a@example.com\r\nSubject: x\r\n\r\n\(body)".utf8)
        var hash = try DKIMBodyHash(canonicalization)
        hash.update(Array((hashed ?? body).utf8).span)
        let bh = base64(try hash.finalize())
        let field = Array("DKIM-Signature: \(tags); bh=\(bh); b=".utf8)
        let names = ["from"].map { Array($0.utf8) }
        let data = try DKIMSignedData.bytes(
            message: message.span, names: names, signatureField: field.span, canonicalization: canonicalization)
        let b = base64(try (key ?? DKIMKey(ed25519Seed: Self.seed)).signature(of: data.span))
        return field + Array("\(b)\r\n".utf8) + message
    }

    private func result(
        _ message: [UInt8], record: String = record, at time: Int64 = 1_000,
        configuration: DKIMVerifier.Configuration = .init()
    ) async -> DKIMVerification.Result? {
        let record = Array(record.utf8)
        return await DKIMVerifier(configuration: configuration)
            .verify(message, at: time) { _ in .records([record]) }.first?.result
    }

    @Test("the message these tests change passes unchanged")
    func passes() async throws {
        #expect(await result(try signed()) == .pass)
    }

    static let tagCases: [(String, DKIMVerification.Result)] = [
        ("v=2; a=ed25519-sha256; d=example.com; s=s; h=from", .neutral(.unsupportedVersion)),
        ("a=ed25519-sha256; d=example.com; s=s; h=from", .neutral(.unsupportedVersion)),
        ("v=1; a=rsa-sha1; d=example.com; s=s; h=from", .permanentError(.unsupportedAlgorithm)),
        ("v=1; a=ed25519-sha256; s=s; h=from", .permanentError(.missingTag)),
        ("v=1; a=ed25519-sha256; d=example.com; h=from", .permanentError(.missingTag)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s", .permanentError(.missingTag)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=subject", .permanentError(.fromNotSigned)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from:", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; s=s; h=from", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=exa_mple..com; s=s; h=from", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; c=nowsp", .neutral(.unsupportedCanonicalization)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; c=simple/simple/simple", .neutral(.unsupportedCanonicalization)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; q=dns/other", .neutral(.unsupportedQueryMethod)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; q=x:dns/txt", .pass),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; i=a@other.com", .permanentError(.identityOutsideDomain)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; i=a@notexample.com", .permanentError(.identityOutsideDomain)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; i=a@sub.Example.com", .pass),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; x=699", .fail(.expired)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; x=701", .pass),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; t=1301", .fail(.fromTheFuture)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; t=1299", .pass),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; t=900; x=800", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; t=99999999999999999999", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; t=-1", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; l=8", .fail(.bodyHashMismatch)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; l=7", .pass),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; unknown=x", .pass),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from;;", .neutral(.malformedSignature)),
        ("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; nonsense", .neutral(.malformedSignature)),
    ]

    @Test("tags of the signature", arguments: tagCases)
    func tags(tags: String, expected: DKIMVerification.Result) async throws {
        #expect(await result(try signed(tags)) == expected)
    }

    static let recordCases: [(String, DKIMVerification.Result)] = [
        ("k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .pass),
        ("k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl\t rwIaaPcHURo", .pass),
        ("v=DKIM1; k=ed25519; p=", .permanentError(.keyRevoked)),
        ("v=DKIM1; k=ed25519", .permanentError(.malformedKey)),
        ("v=DKIM2; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .permanentError(.malformedKey)),
        ("k=ed25519; v=DKIM1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .permanentError(.malformedKey)),
        ("v=DKIM1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .permanentError(.keyNotApplicable)),
        ("v=DKIM1; k=ed25519; p=AAAA", .permanentError(.malformedKey)),
        ("v=DKIM1; k=ed25519; p=!!!", .permanentError(.malformedKey)),
        ("v=DKIM1; k=ed25519; h=sha1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .permanentError(.keyNotApplicable)),
        ("v=DKIM1; k=ed25519; h=sha1:sha256; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .pass),
        ("v=DKIM1; k=ed25519; s=other; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .permanentError(.keyNotApplicable)),
        ("v=DKIM1; k=ed25519; s=email; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .pass),
        ("v=DKIM1; k=ed25519; s=*; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", .pass),
        ("v=DKIM1; k=ed25519; p=gj8H6vLVu8jP0RkMDVjZM0Nrv2JIDaCMA1QlVFwzJYc=", .fail(.signatureMismatch)),
        ("v=spf1 -all", .permanentError(.malformedKey)),
        ("", .permanentError(.malformedKey)),
    ]

    @Test("key records", arguments: recordCases)
    func records(record: String, expected: DKIMVerification.Result) async throws {
        #expect(await result(try signed(), record: record) == expected)
    }

    @Test("a strict key wants the identity in its very domain; a testing one is reported as such")
    func flags() async throws {
        let strict = "v=DKIM1; k=ed25519; t=s:y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        let below = try signed("v=1; a=ed25519-sha256; d=example.com; s=s; h=from; i=a@sub.example.com")
        #expect(await result(below, record: strict) == .permanentError(.identityOutsideDomain))
        let results = await DKIMVerifier().verify(try signed(), at: 0) { _ in .records([Array(strict.utf8)]) }
        #expect(results.first?.result == .pass)
        #expect(results.first?.isTesting == true)
    }

    @Test("look-ups: absent, unavailable, several records, one call for one name")
    func lookups() async throws {
        let message = try signed()
        let verifier = DKIMVerifier()
        let absent = await verifier.verify(message, at: 0) { _ in .notFound }
        #expect(absent.first?.result == .permanentError(.keyNotFound))
        let unavailable = await verifier.verify(message, at: 0) { _ in .unavailable }
        #expect(unavailable.first?.result == .temporaryError(.keyUnavailable))
        let empty = await verifier.verify(message, at: 0) { _ in .records([]) }
        #expect(empty.first?.result == .permanentError(.keyNotFound))
        let several = await verifier.verify(message, at: 0) { _ in
            .records([Array("v=spf1 -all".utf8), Array(Self.record.utf8)])
        }
        #expect(several.first?.result == .pass)
        let field = Array(message[..<(try #require(signatureFields(of: message).first)).upperBound])
        await confirmation(expectedCount: 1) { looked in
            _ = await verifier.verify(field + message, at: 0) { name in
                #expect(name == "s._domainkey.example.com")
                looked()
                return .notFound
            }
        }
    }

    @Test("a signature of part of the body is not accepted once something was added")
    func partialBody() async throws {
        let tags = "v=1; a=ed25519-sha256; d=example.com; s=s; h=from; l=7"
        let message = try signed(tags, body: "Hello\r\nadded\r\n", hashed: "Hello\r\n")
        #expect(await result(message) == .policy(.bodyPartlySigned))
        var accepting = DKIMVerifier.Configuration()
        accepting.bodyLengthPolicy = .accept
        #expect(await result(message, configuration: accepting) == .pass)
    }

    @Test("an RSA key below the smallest size is not accepted")
    func shortKey() async throws {
        let key = try DKIMKey(pem: DKIMVectors.rfc6376PrivateKey)
        let message = try signed("v=1; a=rsa-sha256; d=example.com; s=s; h=from", key: key)
        #expect(await result(message, record: DKIMVectors.rfc6376Record) == .pass)
        var strict = DKIMVerifier.Configuration()
        strict.minimumRSABits = 2048
        #expect(await result(message, record: DKIMVectors.rfc6376Record, configuration: strict) == .policy(.keyTooShort))
    }

    @Test("a message with very many signatures costs a bounded number of look-ups")
    func manySignatures() async throws {
        let message = try signed()
        let field = Array(message[..<(try #require(signatureFields(of: message).first)).upperBound])
        let many = Array(repeatElement(field, count: 500).joined()) + message
        let results = await DKIMVerifier().verify(many, at: 0) { _ in .notFound }
        #expect(results.count == 9)
        #expect(results.last?.result == .neutral(.tooManySignatures))
    }

    @Test("an unsigned message and no message have no result")
    func unsigned() async {
        for message in [[], Array("\r\n".utf8), Array("From: a@b\r\n\r\nx".utf8)] {
            #expect(await DKIMVerifier().verify(message, at: 0) { _ in .unavailable }.isEmpty)
        }
    }

    @Test("flipped and cut bytes of a signed message never trap and never pass with another header or body")
    func damage() async throws {
        let message = DKIMVectors.rfc8463Message
        let record = Array(DKIMVectors.rfc8463Ed25519Record.utf8)
        var generator = SeededGenerator(state: 8463)
        for _ in 0..<400 {
            var damaged = message
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            damaged.removeLast(Int.random(in: 0...damaged.count, using: &generator))
            _ = await DKIMVerifier().verify(damaged, at: 0) { _ in .records([record]) }
        }
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0...group.count { text.append(alphabet[bits >> (18 - 6 * index) & 63]) }
            text += String(repeating: "=", count: 3 - group.count)
        }
        return text
    }
}
