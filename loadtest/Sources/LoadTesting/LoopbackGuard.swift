package import NIOCore

/// Keeps load on this machine, unless its user says that the target is theirs.
package enum LoopbackGuard {
    /// The address of a host.
    ///
    /// - Throws: ``LoadTestError`` when the host is not known, or not on loopback and `mayLeave` is false.
    package static func resolve(host: String, port: Int, mayLeave: Bool) throws(LoadTestError) -> SocketAddress {
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw LoadTestError(.invalidScenario, "cannot resolve the host \(host)")
        }
        guard mayLeave || isLoopback(address) else {
            throw LoadTestError(
                .foreignTarget,
                "\(host) is not on this machine. Load goes to 127.0.0.0/8 and ::1 only, unless you say that you may load the target: --i-own-this-target"
            )
        }
        return address
    }

    package static func isLoopback(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return false }
        return text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }
}
