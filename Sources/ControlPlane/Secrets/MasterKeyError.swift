/// Why the master keys could not be read. It says where, and never what a key is.
package struct MasterKeyError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The file cannot be read or created.
        case unavailable
        /// Others than the owner may read the file.
        case notPrivate
        /// A line is not the Base64 of 32 bytes, or there is none.
        case malformed
    }

    package var code: Code
    /// What is wrong, and what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}
