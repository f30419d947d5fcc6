import ChildProcesses
import Foundation
import Glibc

/// The kernel's table of TCP connections on this host.
package enum OpenConnections {
    /// How many connections to or from `port` are not finished, on either side: a leaked one stays in it.
    ///
    /// TIME_WAIT is not counted: it belongs to the kernel, not to a process.
    package static func count(port: Int) throws -> Int {
        let wanted = ":" + String(format: "%04X", port)
        return try ["/proc/net/tcp", "/proc/net/tcp6"].reduce(0) { sum, path in
            let text = try self.contents(of: path)
            return sum
                + text.split(separator: "\n").dropFirst().count { line in
                    let fields = line.split(separator: " ")
                    guard fields.count > 3 else { return false }
                    // 01 established, 02 SYN sent, 03 SYN received, 04 and 05 FIN wait, 08 close wait, 09 last ACK, 0B closing.
                    let isOpen = ["01", "02", "03", "04", "05", "08", "09", "0B"].contains(String(fields[3]))
                    return isOpen && (fields[1].hasSuffix(wanted) || fields[2].hasSuffix(wanted))
                }
        }
    }

    /// All of a file of `/proc`: it gives a page at a time, so that a short read is not its end.
    private static func contents(of path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ChildFailure("cannot open \(path): error \(errno)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ChildFailure("cannot read \(path): error \(errno)") }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
