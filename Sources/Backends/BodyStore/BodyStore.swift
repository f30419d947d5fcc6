package import ApusCore
package import NIOCore

/// Keeps message bodies that are too large for a record, or that several records share.
///
/// A body is immutable, durable when ``put(_:expiresAt:)`` returns, and gone some time after its expiry.
package protocol BodyStore: Sendable {
    /// Stores a body.
    ///
    /// - Parameters:
    ///   - body: the bytes.
    ///   - expiresAt: the instant after which nobody will ask for it; the records' latest `expires-at` and a margin.
    /// - Returns: its reference, at most 64 ASCII bytes, safe in file names.
    /// - Throws: ``BodyError``.
    func put(_ body: ByteBuffer, expiresAt: UnixMilliseconds) async throws -> String

    /// Fetches a body.
    ///
    /// - Throws: ``BodyError`` with ``BodyError/Code/notFound`` when it is unknown or expired.
    func get(_ reference: String) async throws -> ByteBuffer

    /// Removes what has expired.
    ///
    /// - Returns: how many bodies went.
    @discardableResult
    func reclaim(now: UnixMilliseconds) async throws -> Int
}

/// What a ``BodyStore`` could not do.
package struct BodyError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case notFound
        /// Not reachable, or no room, now.
        case unavailable
        /// The stored bytes are not those that were put.
        case corrupt
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { "\(self.code): \(self.message)" }
}
