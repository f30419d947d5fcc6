package import NIOCore

/// Finds the hosts that take a domain's mail (RFC 5321 §5.1).
///
/// MX records by preference, equal ones shuffled; without any, the domain's own addresses. A null MX, a domain that does
/// not exist and hosts without addresses are permanent; servers that cannot answer are not.
package struct MailExchangerResolver: Sendable {
    /// Which addresses are used, and how many.
    package struct Configuration: Sendable, Hashable {
        /// What to do with IPv6.
        package enum IPv6: Sendable, Hashable {
            /// Do not ask for it.
            case never
            /// After the IPv4 addresses of the same host.
            case afterIPv4
            /// Before the IPv4 addresses of the same host.
            case beforeIPv4
        }

        package var ipv6 = IPv6.afterIPv4
        /// How many hosts are looked at, the most preferred first.
        package var maximumHosts = 16
        /// How many addresses of one host are used.
        package var maximumAddressesPerHost = 16
        /// Whether mail may be sent to the loopback. Off, because a stranger's MX could then name this machine's own
        /// services; on for tests.
        package var allowsLoopback = false

        package init() {}
    }

    private let resolver: any DNSResolving
    private let configuration: Configuration

    package init(resolver: any DNSResolving, configuration: Configuration = Configuration()) {
        self.resolver = resolver
        self.configuration = configuration
    }

    /// Finds the hosts of `domain`.
    ///
    /// - Parameter domain: the part after `@` in its A-label form; not an address literal.
    /// - Throws: `MailExchangerError`.
    package func resolve(_ domain: String) async throws(MailExchangerError) -> MailExchangers {
        var generator = SystemRandomNumberGenerator()
        return try await resolve(domain, using: &generator)
    }

    /// Finds the hosts of `domain`; the future completes on `eventLoop`.
    package func resolve(_ domain: String, on eventLoop: any EventLoop) -> EventLoopFuture<MailExchangers> {
        eventLoop.makeFutureWithTask { try await resolve(domain) }
    }

    /// Finds the hosts of `domain`, shuffling with a generator of the caller's.
    package func resolve(
        _ domain: String, using generator: inout some RandomNumberGenerator
    ) async throws(MailExchangerError) -> MailExchangers {
        let mx: MXAnswer
        do throws(DNSError) {
            mx = try await resolver.lookupMX(domain)
        } catch {
            switch error.code {
            case .noData: return try await implicit(domain, mx: error)
            case .noSuchDomain, .invalidName: throw MailExchangerError(.noSuchDomain, cause: error)
            case .malformedAnswer: throw MailExchangerError(.noUsableHost, cause: error)
            default: throw MailExchangerError(.temporaryFailure, cause: error)
            }
        }
        guard !mx.isNull else { throw MailExchangerError(.nullMX) }
        let exchangers = Self.shuffled(mx.exchangers, using: &generator).prefix(configuration.maximumHosts)
        let results = await withTaskGroup(of: (Int, Result<[IPAddress], DNSError>).self) { group in
            for (index, exchanger) in exchangers.enumerated() {
                group.addTask { (index, await addresses(of: exchanger.host)) }
            }
            return await group.reduce(into: [Int: Result<[IPAddress], DNSError>]()) { $0[$1.0] = $1.1 }
        }
        var hosts = [MailExchangers.Host]()
        var transient: DNSError?
        for (index, exchanger) in exchangers.enumerated() {
            switch results[index] {
            case .success(let addresses) where !addresses.isEmpty:
                hosts.append(.init(name: exchanger.host, preference: exchanger.preference, addresses: addresses))
            case .failure(let error) where error.isTransient:
                transient = error
            default:
                break
            }
        }
        guard !hosts.isEmpty else {
            throw transient.map { MailExchangerError(.temporaryFailure, cause: $0) } ?? MailExchangerError(.noUsableHost)
        }
        return MailExchangers(hosts: hosts, isImplicit: false, ttl: mx.ttl, isSecure: mx.isSecure)
    }

    /// The domain as its own host, when it has no MX record.
    private func implicit(_ domain: String, mx: DNSError) async throws(MailExchangerError) -> MailExchangers {
        let addresses: [IPAddress]
        switch await self.addresses(of: domain) {
        case .success(let found): addresses = found
        case .failure(let error) where error.isTransient: throw MailExchangerError(.temporaryFailure, cause: error)
        case .failure(let error): throw MailExchangerError(.noUsableHost, cause: error)
        }
        guard !addresses.isEmpty, let name = DNSName.normalized(domain) else {
            throw MailExchangerError(.noUsableHost)
        }
        return MailExchangers(
            hosts: [.init(name: name, preference: 0, addresses: addresses)], isImplicit: true, ttl: mx.ttl,
            isSecure: mx.isSecure)
    }

    /// The addresses of a host that mail can be sent to, possibly none; a failure when there are none and one of the
    /// look-ups failed.
    private func addresses(of host: String) async -> Result<[IPAddress], DNSError> {
        async let second = configuration.ipv6 == .never ? .success([]) : addresses(of: host, .aaaa)
        let ipv4 = await addresses(of: host, .a)
        let ipv6 = await second
        let families = configuration.ipv6 == .beforeIPv4 ? [ipv6, ipv4] : [ipv4, ipv6]
        let found = families.flatMap { (try? $0.get()) ?? [] }
        let usable = found.filter { !$0.isUnusable && (configuration.allowsLoopback || !$0.isLoopback) }
        if !usable.isEmpty { return .success(Array(usable.prefix(configuration.maximumAddressesPerHost))) }
        let errors = families.compactMap { family -> DNSError? in
            if case .failure(let error) = family { error } else { nil }
        }
        // A family that cannot be looked up now may be the one that has addresses.
        if let error = errors.first(where: \.isTransient) { return .failure(error) }
        return found.isEmpty ? errors.first.map { .failure($0) } ?? .success([]) : .success([])
    }

    private func addresses(of host: String, _ type: DNSRecordType) async -> Result<[IPAddress], DNSError> {
        do throws(DNSError) {
            return .success(try await type == .a ? resolver.lookupA(host) : resolver.lookupAAAA(host))
        } catch {
            return .failure(error)
        }
    }

    /// Equal preferences in random order (RFC 5321 §5.1), which spreads the load over equal hosts.
    private static func shuffled(
        _ exchangers: [MXAnswer.Exchanger], using generator: inout some RandomNumberGenerator
    ) -> [MXAnswer.Exchanger] {
        var output = [MXAnswer.Exchanger]()
        var start = 0
        while start < exchangers.count {
            let preference = exchangers[start].preference
            let end = exchangers[start...].firstIndex { $0.preference != preference } ?? exchangers.count
            output += exchangers[start..<end].shuffled(using: &generator)
            start = end
        }
        return output
    }
}
