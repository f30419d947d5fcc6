import AWSSignature
package import AsyncHTTPClient
import Foundation
package import NIOCore
import NIOHTTP1
import NIOSSL

/// Signs and sends calls as AWS SDKs do. What an SDK would never send can be sent too: any body, any header, any moment of signing.
package struct SESClient: Sendable {
    /// What is wrong with a call on purpose.
    package struct Fault: Sendable {
        /// Added to the clock that signs.
        package var skewSeconds: Int64 = 0
        /// The body that is signed, where it is not the one that is sent.
        package var signedBody: [UInt8]?
        /// Whether the signature is left out.
        package var isUnsigned = false

        package init(skewSeconds: Int64 = 0, signedBody: [UInt8]? = nil, isUnsigned: Bool = false) {
            self.skewSeconds = skewSeconds
            self.signedBody = signedBody
            self.isUnsigned = isUnsigned
        }
    }

    package let key: AccessKeyPair
    package let region: String
    private let http: HTTPClient
    private let scheme: String
    private let signer: SigV4Signer

    /// - Parameter scheme: `http` or `https`.
    package init(key: AccessKeyPair, http: HTTPClient, region: String = "us-east-1", scheme: String = "http") {
        self.key = key
        self.region = region
        self.http = http
        self.scheme = scheme
        self.signer = SigV4Signer(accessKeyID: key.id, secret: key.secret, region: region)
    }

    /// A client for tests: nothing is tried twice behind the test's back.
    ///
    /// - Parameter certificate: a PEM file with all that is trusted over TLS; nil for what the system trusts.
    package static func makeHTTPClient(trusting certificate: String? = nil) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.timeout.connect = .seconds(5)
        configuration.httpVersion = .http1Only
        if let certificate {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(certificate)
            configuration.tlsConfiguration = tls
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// The header fields that sign a request now.
    package func signedHeaders(method: String, target: String, address: String, body: [UInt8], fault: Fault = Fault()) -> [(
        name: String, value: String
    )] {
        var headers: [(name: String, value: String)] = [("Host", address)]
        if method != "GET" { headers.append(("Content-Type", "application/json")) }
        guard !fault.isUnsigned else { return headers }
        return headers
            + self.signer.headers(
                for: SignableRequest(method: method, target: target, headers: headers),
                bodyHash: PayloadHash.hash(fault.signedBody ?? body), nowUnixSeconds: Int64(Date().timeIntervalSince1970) + fault.skewSeconds)
    }

    /// One call.
    ///
    /// - Throws: what AsyncHTTPClient throws when no answer comes.
    package func call(
        _ method: String, _ target: String, to address: String, body: [UInt8] = [], fault: Fault = Fault(), within limit: TimeAmount = .seconds(60)
    ) async throws -> SESAnswer {
        var request = HTTPClientRequest(url: "\(self.scheme)://\(address)\(target)")
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in self.signedHeaders(method: method, target: target, address: address, body: body, fault: fault) {
            request.headers.add(name: name, value: value)
        }
        if method != "GET" { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await self.http.execute(request, timeout: limit)
        let answer = try await response.body.collect(upTo: 16 << 20)
        return SESAnswer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) }, body: Array(answer.readableBytesView))
    }

    /// SendEmail with a body as given.
    package func send(_ body: [UInt8], to address: String, fault: Fault = Fault(), within limit: TimeAmount = .seconds(60)) async throws -> SESAnswer
    {
        try await self.call("POST", Self.sendEmail, to: address, body: body, fault: fault, within: limit)
    }

    /// The path of SendEmail.
    package static let sendEmail = "/v2/email/outbound-emails"
}
