import AWSSignature
import Testing

@Suite struct SigningKeyTests {
    @Test(arguments: [
        ("us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"), ("us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"),
        ("eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"),
    ]) func smtpPasswords(_ region: String, _ password: String) {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        #expect(SMTPPassword.derive(secret: secret, region: region) == password)
        #expect(SMTPPassword.verify(password.utf8, secret: secret, region: region))
        #expect(!SMTPPassword.verify(password.utf8.dropLast(), secret: secret, region: region))
        #expect(!SMTPPassword.verify(password.utf8, secret: secret + "x", region: region))
        #expect(!SMTPPassword.verify([], secret: secret, region: region))
    }

    @Test func cacheIsBoundedAndKeyedBySecret() throws {
        let cache = SigningKeyCache(capacity: 8)
        for index in 0..<100 {
            _ = cache.key(for: CredentialScope(accessKeyID: "AKID\(index)", day: "20260115", region: "us-east-1"), secret: "s")
            #expect(cache.count <= 8)
        }
        let claim = try VerifierTests.verifier().claim(in: VerifierTests.signed(), nowUnixSeconds: SignatureVector.now)
        let hash = PayloadHash.hash("{}".utf8)
        let wrong = cache.key(for: claim.scope, secret: "other")
        #expect(throws: SignatureError.self) { try VerifierTests.verifier().verify(claim, key: wrong, bodyHash: hash) }
        let right = cache.key(for: claim.scope, secret: SignatureVector.secret)
        try VerifierTests.verifier().verify(claim, key: right, bodyHash: hash)
        cache.removeKeys(of: "AKIDEXAMPLE")
        let count = cache.count
        _ = cache.key(for: claim.scope, secret: SignatureVector.secret)
        #expect(cache.count == count + 1)
    }

    @Test func cacheTakesConcurrentUse() async {
        let cache = SigningKeyCache(capacity: 4)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<200 {
                        _ = cache.key(for: CredentialScope(accessKeyID: "A\((task + index) % 6)", day: "20260115", region: "r"), secret: "s")
                    }
                }
            }
        }
        #expect(cache.count <= 4)
    }

    @Test func payloadHashInPieces() {
        let bytes = Array("The quick brown fox jumps over the lazy dog".utf8)
        for split in bytes.indices {
            var hash = PayloadHash()
            hash.update(bytes[..<split])
            hash.update(bytes[split...])
            #expect(hash.finalize() == PayloadHash.hash(bytes))
        }
    }

    @Test(
        arguments: [
            ("20260115T120000Z", 1_768_478_400), ("19700101T000000Z", 0), ("20000229T235959Z", 951_868_799), ("19691231T235959Z", -1),
        ] as [(String, Int64)]) func dates(_ text: String, _ seconds: Int64)
    {
        #expect(SigningDate(text)?.unixSeconds == seconds)
        #expect(SigningDate(unixSeconds: seconds).text == text)
    }

    @Test(arguments: ["", "20260230T000000Z", "20261301T000000Z", "20260115T240000Z", "20260115T12000Z0", "2026-01-15T12:00", "+0260115T120000Z"])
    func notDates(_ text: String) {
        #expect(SigningDate(text) == nil)
    }

    @Test func httpDates() {
        #expect(SigningDate(httpDate: "Thu, 15 Jan 2026 12:00:00 GMT")?.unixSeconds == 1_768_478_400)
        #expect(SigningDate(httpDate: "Thu, 15 Foo 2026 12:00:00 GMT") == nil)
    }

    @Test func errorNamesOfBothInterfaces() {
        let error = SignatureError.unknownAccessKey
        #expect(error.restType == "UnrecognizedClientException")
        #expect(error.queryCode == "InvalidClientTokenId")
        #expect(error.httpStatus == 403)
        #expect(SignatureError(.incompleteSignature, "").httpStatus == 400)
    }
}
