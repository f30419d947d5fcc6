internal import DNSResolver
internal import NIOCore

/// The addresses of a mail host.
struct HostAddresses: Sendable {
    enum Answer: Sendable {
        /// At least one, IPv4 first; `name` is nil when the host is an address itself.
        case addresses([SocketAddress], name: String?)
        case failed(DeliveryFailure.Routing)
    }

    private let resolver: any DNSResolving
    private let usesIPv6: Bool
    private let allowsLoopback: Bool

    init(resolver: any DNSResolving, usesIPv6: Bool, allowsLoopback: Bool) {
        self.resolver = resolver
        self.usesIPv6 = usesIPv6
        self.allowsLoopback = allowsLoopback
    }

    /// - Parameters:
    ///   - host: a name, or, in a route, an IP address.
    ///   - port: where to connect.
    ///   - isRoute: an operator's own choice, which may be a loopback address or be known to the system only.
    func addresses(of host: String, port: Int, isRoute: Bool) async -> Answer {
        if isRoute {
            if let literal = try? SocketAddress(ipAddress: host, port: port) { return .addresses([literal], name: nil) }
            // "localhost" is often not in DNS.
            if host == "localhost", let literal = try? SocketAddress(ipAddress: "127.0.0.1", port: port) {
                return .addresses([literal], name: host)
            }
        }
        async let old = self.lookUp(host, .a)
        async let new = self.usesIPv6 ? self.lookUp(host, .aaaa) : .failure(DNSError(.noData, "not asked for"))
        let answers = await [old, new]
        var addresses: [SocketAddress] = []
        for answer in answers {
            for address in (try? answer.get()) ?? [] where !address.isUnusable && (isRoute || self.allowsLoopback || !address.isLoopback) {
                if let socketAddress = try? address.socketAddress(port: port) { addresses.append(socketAddress) }
            }
        }
        if !addresses.isEmpty { return .addresses(addresses, name: host) }
        return .failed(answers.contains(where: Self.isUnknown) ? .noAnswer : .noAddress)
    }

    private func lookUp(_ host: String, _ type: DNSRecordType) async -> Result<[IPAddress], DNSError> {
        do throws(DNSError) {
            return .success(try await type == .a ? self.resolver.lookupA(host) : self.resolver.lookupAAAA(host))
        } catch {
            return .failure(error)
        }
    }

    private static func isUnknown(_ answer: Result<[IPAddress], DNSError>) -> Bool {
        if case .failure(let error) = answer { error.isTransient } else { false }
    }
}
