import Glibc

/// Ports for programs that cannot choose one by themselves and say which.
package enum FreePort {
    /// A TCP port of 127.0.0.1 on which nobody listens now. The kernel gives others first, so it stays free for a while.
    package static func find() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw ChildFailure("no socket: error \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1 }
        }
        guard status == 0 else { throw ChildFailure("no port: error \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
