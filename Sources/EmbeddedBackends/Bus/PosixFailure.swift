import Glibc

/// A system call that failed.
struct PosixFailure: Error, CustomStringConvertible {
    /// The call, for example `fdatasync`.
    var call: String
    /// `errno` after it.
    var code: CInt

    init(_ call: String, code: CInt = errno) {
        self.call = call
        self.code = code
    }

    var description: String {
        "\(self.call): \(String(cString: strerror(self.code)))"
    }
}
