/// Why a sealed secret could not be opened, or one not be sealed.
package struct SealError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The bytes are not of a form that this program knows.
        case malformed
        /// Sealed with a master key that is not in the ring.
        case unknownKey
        /// The bytes were changed, or belong to another document.
        case notAuthentic
    }

    package var code: Code
    /// What happened, and what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}
