internal import Crypto

/// The key of one secret, day, region and service: an HMAC chain over the secret.
package struct SigningKey: Sendable {
    private let key: SymmetricKey

    /// Derives it; four HMACs.
    package init(secret: String, day: String, region: String, service: String = "ses") {
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for step in [day, region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key))
        }
        self.key = key
    }

    /// 32 octets.
    func signature(of stringToSign: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: stringToSign, using: key))
    }

    /// The signature over algorithm, date, scope and the hash of the canonical request.
    func signature(date: SigningDate, scope: CredentialScope, canonicalRequest: [UInt8]) -> [UInt8] {
        let text = "AWS4-HMAC-SHA256\n\(date.text)\n\(scope.scope)\n\(Octets.hex(SHA256.hash(data: canonicalRequest)))"
        return signature(of: Array(text.utf8))
    }
}
