import AWSSignature
import Testing

@Suite struct HostileSignatureTests {
    private static func claim(_ authorization: String, extra: [(name: String, value: String)] = []) -> SignatureError? {
        let request = SignableRequest(
            method: "POST", path: "/",
            headers: [
                (name: "host", value: "h"), (name: "x-amz-date", value: "20260115T120000Z"), (name: "authorization", value: authorization),
            ] + extra)
        do {
            _ = try VerifierTests.verifier().claim(in: request, nowUnixSeconds: SignatureVector.now)
            return nil
        } catch {
            return error
        }
    }

    private static let good =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature="
        + String(repeating: "a", count: 64)

    @Test func theFormItselfIsGood() {
        #expect(Self.claim(Self.good) == nil)
        #expect(Self.claim(Self.good.replacing(", ", with: ",")) == nil)
    }

    @Test(arguments: [
        "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "Basic dTpw", "AWS4-ECDSA-P256-SHA256 Credential=a", "AWS4-HMAC-SHA256 Credential",
        "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=a, Credential=a, SignedHeaders=host, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=host, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=a//us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=AKID/20260115/us-east-1/ses/aws4_request, SignedHeaders=x-amz-date;host, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=AKID/20260115/us-east-1/ses/aws4_request, SignedHeaders=Host;x-amz-date, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=AKID/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;host;x-amz-date, Signature=aa",
        "AWS4-HMAC-SHA256 Credential=AKID/20260115/us-east-1/ses/aws4_request, SignedHeaders=;, Signature=aa",
    ]) func malformed(_ authorization: String) {
        #expect(Self.claim(authorization)?.code == .incompleteSignature)
    }

    @Test(arguments: ["", "zz", String(repeating: "g", count: 64), String(repeating: "a", count: 65)]) func badSignatureText(_ signature: String) {
        let error = Self.claim(String(Self.good.dropLast(64)) + signature)
        #expect(error?.code == (signature.isEmpty ? .incompleteSignature : .signatureDoesNotMatch))
    }

    @Test func withoutAnyClaim() {
        let request = SignableRequest(method: "GET", path: "/", headers: [])
        #expect(throws: SignatureError(.missingAuthenticationToken, "Missing Authentication Token")) {
            try VerifierTests.verifier().claim(in: request, nowUnixSeconds: 0)
        }
    }

    @Test func sizesAreBounded() {
        #expect(Self.claim(Self.good + String(repeating: " ", count: 9000)) != nil)
        #expect(Self.claim(Self.good, extra: Array(repeating: (name: "x", value: "y"), count: 300))?.code == .incompleteSignature)
        #expect(Self.claim(Self.good, extra: [(name: "x", value: String(repeating: "y", count: 100_000))])?.code == .incompleteSignature)
        let many = (0..<150).map { "h\(1000 + $0)" }.joined(separator: ";")
        #expect(Self.claim(Self.good.replacing("host;x-amz-date", with: "\(many);host;x-amz-date"))?.code == .incompleteSignature)
        var request = SignableRequest(method: "GET", path: "/" + String(repeating: "a", count: 70_000), headers: [])
        #expect(VerifierTests.code { _ = try VerifierTests.verifier().claim(in: request, nowUnixSeconds: 0) } == .incompleteSignature)
        request.path = "/"
        request.query = "X-Amz-Signature=1&X-Amz-Signature=1"
        #expect(VerifierTests.code { _ = try VerifierTests.verifier().claim(in: request, nowUnixSeconds: 0) } == .incompleteSignature)
    }

    @Test func separatorsAreOctetsNotCharacters() throws {
        // A combining mark after a separator makes one grapheme of both; on the wire they are two things.
        let request = VerifierTests.signed(path: "/v2/\u{301}x/%2F", query: "a=\u{301}1&\u{301}b=2")
        try VerifierTests.verify(request)
    }

    @Test func errorsHoldNoSecrets() {
        let authorization = Self.good.replacing("AKIDEXAMPLE", with: "AKIDSECRET")
        for text in [
            authorization.replacing("us-east-1", with: "mars"), authorization + ", x", authorization.replacing("aws4_request", with: "AKIDSECRET"),
        ] {
            let error = Self.claim(text)
            #expect(error != nil)
            #expect(error?.description.contains("SECRET") == false)
            #expect(error?.description.contains("aaaa") == false)
        }
    }

    /// Random damage to every part of a good request: the answer is an error or the same signature, never a trap.
    @Test func randomDamageNeverTraps() {
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let target = SignatureVector.presigned[1]
        for _ in 0..<5000 {
            func damaged(_ text: String) -> String {
                var bytes = Array(text.utf8)
                for _ in 0...next(3) where !bytes.isEmpty {
                    switch next(3) {
                    case 0: bytes[next(bytes.count)] = UInt8(next(256))
                    case 1: bytes.remove(at: next(bytes.count))
                    default: bytes.insert(UInt8(next(256)), at: next(bytes.count))
                    }
                }
                return String(decoding: bytes, as: UTF8.self)
            }
            #expect(Self.claim(damaged(Self.good))?.description.isEmpty != true)
            let presigned = SignableRequest(method: "GET", target: damaged(target), headers: [(name: "host", value: "email.us-east-1.amazonaws.com")])
            if let claim = try? VerifierTests.verifier().claim(in: presigned, nowUnixSeconds: SignatureVector.now) {
                try? VerifierTests.verifier().verify(claim, key: VerifierTests.key(claim), bodyHash: PayloadHash.hash([]))
            }
        }
    }
}
