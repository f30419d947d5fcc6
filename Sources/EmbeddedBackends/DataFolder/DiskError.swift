internal import Glibc

/// A system call on a file that failed.
package struct DiskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The system's error number.
    package let errno: Int32
    /// What was attempted, and on what.
    package let operation: String

    package init(errno: Int32, operation: String) {
        self.errno = errno
        self.operation = operation
    }

    /// The error of the call that has just failed on this thread.
    static func last(_ operation: String) -> DiskError {
        DiskError(errno: Glibc.errno, operation: operation)
    }

    package var description: String {
        "\(self.operation): \(Self.text(of: self.errno))"
    }

    private static func text(of number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
