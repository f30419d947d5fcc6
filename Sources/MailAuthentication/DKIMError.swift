/// Why a key could not be used or a message not be signed.
///
/// The description names the fault and never key material, addresses or message text.
package struct DKIMError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Sendable, Hashable {
        /// The bytes are no private key in a form that is read here, or the key is of a kind DKIM does not know.
        case unreadableKey
        /// An RSA key outside of 1024…8192 bits, or a size that is not generated.
        case unsupportedKeySize
        /// The domain or the selector cannot be written into a signature.
        case invalidIdentity
        /// The header block has more fields or bytes than are signed.
        case headerTooLarge
        /// The message starts with white space, so that a field put before it would swallow its first line.
        case malformedHeader
        /// The message has no From field, which every signature must cover (RFC 6376 §5.4).
        case missingFrom
        /// libcrypto failed: no memory, or a provider that refuses the algorithm.
        case cryptography
        /// The signing pool has as much waiting as it may.
        case overloaded
        /// The signing pool is closed or closing.
        case closed
    }

    /// The kind of fault.
    package let code: Code
    /// One fixed sentence.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
