internal import Crypto

/// The password of the SMTP interface that belongs to an access key (SES: "Obtaining Amazon SES SMTP credentials", version 4).
package enum SMTPPassword {
    /// The password for a secret in a region: 44 characters of base64.
    package static func derive(secret: String, region: String) -> String {
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for step in ["11111111", region, "ses", "aws4_request", "SendRawEmail"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key))
        }
        let octets: [UInt8] = [0x04] + key.withUnsafeBytes { Array($0) }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        // 33 octets: eleven groups of three, no padding.
        for index in stride(from: 0, to: octets.count - 2, by: 3) {
            let group = Int(octets[index]) << 16 | Int(octets[index + 1]) << 8 | Int(octets[index + 2])
            for shift in [18, 12, 6, 0] { text.append(alphabet[group >> shift & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether a password is the one for a secret in a region; the time does not depend on where they differ.
    package static func verify(_ password: some Collection<UInt8>, secret: String, region: String) -> Bool {
        Octets.constantTimeEquals(Array(password.prefix(64)), Array(derive(secret: secret, region: region).utf8))
    }
}
