import AWSSignature
import Testing

@Suite struct VerifierTests {
    static func verifier(_ change: (inout SigV4Verifier.Configuration) -> Void = { _ in }) -> SigV4Verifier {
        var configuration = SigV4Verifier.Configuration(regions: ["us-east-1"])
        change(&configuration)
        return SigV4Verifier(configuration)
    }

    static func key(_ claim: SignatureClaim, secret: String = SignatureVector.secret) -> SigningKey {
        SigningKey(secret: secret, day: claim.scope.day, region: claim.scope.region, service: claim.scope.service)
    }

    static func code(_ body: () throws -> Void) -> SignatureError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SignatureError)?.code
        }
    }

    /// A request signed by our own signer at `SignatureVector.now`, with the header list changed afterwards.
    static func signed(
        method: String = "POST", path: String = "/v2/email/outbound-emails", query: String = "", body: String = "{}",
        extra: [(name: String, value: String)] = [], token: String? = nil, region: String = "us-east-1", service: String = "ses",
        at now: Int64 = SignatureVector.now
    ) -> SignableRequest {
        var request = SignableRequest(
            method: method, path: path, query: query,
            headers: [(name: "Host", value: "127.0.0.1:8080"), (name: "Content-Type", value: "application/json")] + extra)
        let signer = SigV4Signer(
            accessKeyID: "AKIDEXAMPLE", secret: SignatureVector.secret, region: region, service: service, sessionToken: token)
        request.headers += signer.headers(for: request, bodyHash: PayloadHash.hash(body.utf8), nowUnixSeconds: now)
        return request
    }

    static func verify(_ request: SignableRequest, body: String = "{}", token: String? = nil, now: Int64 = SignatureVector.now) throws {
        let claim = try verifier().claim(in: request, nowUnixSeconds: now)
        try verifier().verify(claim, key: key(claim), bodyHash: PayloadHash.hash(body.utf8), expectedSessionToken: token)
    }

    // MARK: Independent vectors

    @Test(arguments: SignatureVector.all) func acceptsWhatBotocoreSigned(_ vector: SignatureVector) throws {
        let request = SignableRequest(
            method: vector.method, path: vector.path, query: vector.query, headers: vector.headers.map { (name: $0.0, value: $0.1) })
        try Self.verify(request, body: vector.body, token: vector.token)
        #expect(Self.code { try Self.verify(request, body: vector.body + " ", token: vector.token) } == .signatureDoesNotMatch)
    }

    @Test(arguments: SignatureVector.presigned.enumerated().map { ($0.offset, $0.element) })
    func acceptsWhatBotocorePresigned(_ index: Int, _ target: String) throws {
        let token = index == 2 ? "a/b+c=" : nil
        let request = SignableRequest(method: "GET", target: target, headers: [(name: "host", value: "email.us-east-1.amazonaws.com")])
        try Self.verify(request, body: "", token: token)
        try Self.verify(request, body: "", token: token, now: SignatureVector.now + 60)
        #expect(Self.code { try Self.verify(request, body: "", token: token, now: SignatureVector.now + 604_801) } == .requestExpired)
        #expect(Self.code { try Self.verify(request, body: "x", token: token) } == .signatureDoesNotMatch)
    }

    /// The `get-vanilla` family that AWS published: 20150830T123600Z, us-east-1, service `service`.
    @Test(
        arguments: [
            ("GET", "/", "", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("GET", "/", "Param2=value2&Param1=value1", [], "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
            ("GET", "/ሴ", "", [], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
            ("POST", "/", "", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET", "/", "", [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
            ),
            (
                "GET", "/", "", [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
            ),
            ("POST", "/", "", [("My-Header1", "value1")], "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        ] as [(String, String, String, [(String, String)], String)])
    func publishedVectors(_ method: String, _ path: String, _ query: String, _ headers: [(String, String)], _ signature: String) throws {
        let signed = (Set(headers.map { $0.0.lowercased() }).union(["host", "x-amz-date"])).sorted().joined(separator: ";")
        let authorization =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,SignedHeaders=\(signed),Signature=\(signature)"
        let request = SignableRequest(
            method: method, path: path, query: query,
            headers: [
                (name: "Host", value: "example.amazonaws.com"), (name: "X-Amz-Date", value: "20150830T123600Z"),
                (name: "Authorization", value: authorization),
            ] + headers.map { (name: $0.0, value: $0.1) })
        let verifier = Self.verifier { $0.service = "service" }
        let claim = try verifier.claim(in: request, nowUnixSeconds: 1_440_938_160)
        try verifier.verify(claim, key: Self.key(claim), bodyHash: PayloadHash.hash([]))
    }

    @Test func requestsOfTheInventory() throws {
        // The three requests with known signatures that the SES notes list, by our own signer.
        let cases: [(String, String, String, String, String)] = [
            ("GET", "/v2/email/identities/user%2Btag%40example.com", "", "", "b186f105449658673145262c1934f33772c95cce04b0aa898f24babea00b94ea"),
            (
                "GET", "/v2/email/suppression/addresses", "Reason=BOUNCE&Reason=COMPLAINT&PageSize=10", "",
                "a2ca8224012051201cb93e3073553a65c56d3f55800c24dc39ca6bfddee4d9d3"
            ),
            ("POST", "/", "", "Action=GetSendQuota&Version=2010-12-01", "a0ec5186735d2e2f8c267c6c97802b1524c7ddd9c628ecfffd841b7145999a28"),
        ]
        for (method, path, query, body, signature) in cases {
            var headers = [(name: "host", value: "email.us-east-1.amazonaws.com")]
            if method == "POST" { headers.append((name: "content-type", value: "application/x-www-form-urlencoded; charset=utf-8")) }
            let signer = SigV4Signer(accessKeyID: "AKIDEXAMPLE", secret: SignatureVector.secret, region: "us-east-1")
            let added = signer.headers(
                for: SignableRequest(method: method, path: path, query: query, headers: headers), bodyHash: PayloadHash.hash(body.utf8),
                nowUnixSeconds: SignatureVector.now)
            #expect(added.last?.value.hasSuffix("Signature=\(signature)") == true, "\(path)")
        }
    }

    // MARK: Rules

    @Test func signsAndVerifies() throws {
        try Self.verify(Self.signed())
        try Self.verify(Self.signed(token: "token"), token: "token")
        var request = SignableRequest(method: "GET", path: "/v2/email/account", query: "b=2&a=1", headers: [(name: "host", value: "h")])
        let signer = SigV4Signer(
            accessKeyID: "AKIDEXAMPLE", secret: SignatureVector.secret, region: "us-east-1", sessionToken: "t/+=")
        request.query = signer.presignedQuery(
            for: request, bodyHash: PayloadHash.hash([]), expiresInSeconds: 60, nowUnixSeconds: SignatureVector.now)
        try Self.verify(request, body: "", token: "t/+=")
    }

    @Test(arguments: [-900, 0, 900]) func withinTheSkew(_ offset: Int64) throws {
        try Self.verify(Self.signed(), now: SignatureVector.now + offset)
    }

    @Test(arguments: [-901, 901, Int64.min / 2, Int64.max / 2]) func outsideTheSkew(_ offset: Int64) {
        #expect(Self.code { try Self.verify(Self.signed(), now: SignatureVector.now &+ offset) } == .invalidSignature)
    }

    @Test func scopeMustFit() {
        #expect(Self.code { try Self.verify(Self.signed(region: "eu-west-1")) } == .invalidSignature)
        #expect(Self.code { try Self.verify(Self.signed(service: "s3")) } == .invalidSignature)
        for (from, to) in [("aws4_request", "aws3_request"), ("/20260115/", "/20260114/")] {
            var request = Self.signed()
            request.headers = request.headers.map { (name: $0.name, value: $0.value.replacing(from, with: to)) }
            #expect(Self.code { try Self.verify(request) } == .invalidSignature)
        }
    }

    @Test func everyAmzHeaderMustBeSigned() {
        var request = Self.signed()
        request.headers.append((name: "X-Amz-Meta", value: "x"))
        #expect(Self.code { try Self.verify(request) } == .invalidSignature)
    }

    @Test func hostMustBeSignedAndPresentOnce() {
        var request = Self.signed()
        request.headers = request.headers.map { (name: $0.name, value: $0.value.replacing("content-type;host;", with: "content-type;")) }
        #expect(Self.code { try Self.verify(request) } == .invalidSignature)
        request = Self.signed()
        request.headers.append((name: "host", value: "127.0.0.1:8080"))
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
        request = Self.signed()
        request.headers.removeAll { $0.name == "Host" }
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
    }

    @Test func contentTypeByPolicy() throws {
        var request = SignableRequest(method: "POST", path: "/", headers: [(name: "host", value: "h")])
        let signer = SigV4Signer(accessKeyID: "AKIDEXAMPLE", secret: SignatureVector.secret, region: "us-east-1")
        request.headers += signer.headers(for: request, bodyHash: PayloadHash.hash([]), nowUnixSeconds: SignatureVector.now)
        request.headers.append((name: "Content-Type", value: "x/y"))
        try Self.verify(request, body: "")
        let strict = Self.verifier { $0.requiresSignedContentType = true }
        #expect(Self.code { _ = try strict.claim(in: request, nowUnixSeconds: SignatureVector.now) } == .invalidSignature)
    }

    @Test func dateHeaderInPlaceOfAmzDate() throws {
        var request = Self.signed(extra: [(name: "Date", value: "Thu, 15 Jan 2026 12:00:00 GMT")])
        request.headers.removeAll { $0.name == "X-Amz-Date" }
        // The signature covered x-amz-date, so only the form is right.
        request.headers = request.headers.map { (name: $0.name, value: $0.value.replacing(";x-amz-date", with: "")) }
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
        request.headers.removeAll { $0.name == "Date" }
        #expect(Self.code { try Self.verify(request) } == .incompleteSignature)
        request.headers.append((name: "Date", value: "yesterday"))
        #expect(Self.code { try Self.verify(request) } == .incompleteSignature)
    }

    @Test func sessionTokens() {
        #expect(Self.code { try Self.verify(Self.signed(token: "a"), token: nil) } == .unrecognizedClient)
        #expect(Self.code { try Self.verify(Self.signed(token: "a"), token: "b") } == .unrecognizedClient)
        #expect(Self.code { try Self.verify(Self.signed(), token: "b") } == .unrecognizedClient)
    }

    @Test func declaredContentHash() throws {
        let hash = PayloadHash.hash("{}".utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let request = Self.signed(extra: [(name: "x-amz-content-sha256", value: hash)])
        let claim = try Self.verifier().claim(in: request, nowUnixSeconds: SignatureVector.now)
        #expect(try Self.verifier().verifyHead(claim, key: Self.key(claim)))
        #expect(Self.code { _ = try Self.verifier().verifyHead(claim, key: Self.key(claim, secret: "other")) } == .signatureDoesNotMatch)
        try Self.verify(request)
        #expect(Self.code { try Self.verify(request, body: "{ }") } == .invalidSignature)
        let plain = try Self.verifier().claim(in: Self.signed(), nowUnixSeconds: SignatureVector.now)
        #expect(try !Self.verifier().verifyHead(plain, key: Self.key(plain)))

        let unsigned = Self.signed(extra: [(name: "x-amz-content-sha256", value: "UNSIGNED-PAYLOAD")])
        #expect(Self.code { try Self.verify(unsigned) } == .invalidSignature)
        let open = Self.verifier { $0.allowsUnsignedPayload = true }
        let openClaim = try open.claim(in: unsigned, nowUnixSeconds: SignatureVector.now)
        try open.verify(openClaim, key: Self.key(openClaim), bodyHash: PayloadHash.hash("anything".utf8))
    }

    @Test func presignedLife() {
        for expires in [0, 604_801] as [Int64] {
            var request = SignableRequest(method: "GET", path: "/", headers: [(name: "host", value: "h")])
            let signer = SigV4Signer(accessKeyID: "AKIDEXAMPLE", secret: SignatureVector.secret, region: "us-east-1")
            request.query = signer.presignedQuery(
                for: request, bodyHash: PayloadHash.hash([]), expiresInSeconds: expires, nowUnixSeconds: SignatureVector.now)
            #expect(Self.code { try Self.verify(request, body: "") } == .incompleteSignature)
        }
    }

    @Test func twoMechanismsAreRefused() {
        var request = Self.signed()
        request.query = "X-Amz-Signature=00"
        #expect(Self.code { try Self.verify(request) } == .incompleteSignature)
        request = Self.signed()
        request.headers.append((name: "authorization", value: "Basic eA=="))
        #expect(Self.code { try Self.verify(request) } == .incompleteSignature)
    }

    @Test func anyChangeIsNoticed() {
        let good = Self.signed(query: "a=1")
        var request = good
        request.method = "PUT"
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
        request = good
        request.path += "/"
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
        request = good
        request.query = "a=2"
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
        request = good
        request.headers[1].value = "text/plain"
        #expect(Self.code { try Self.verify(request) } == .signatureDoesNotMatch)
    }
}
