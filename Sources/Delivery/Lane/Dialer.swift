package import DNSResolver
internal import NIOCore
internal import SMTPProtocol

/// Opens connections for lanes: mail exchanger after mail exchanger in their order, address after address, in clear where opportunistic
/// TLS turns out to be broken (RFC 5321 section 5.1).
///
/// Lanes ask with ``request(_:)`` from their event loops; ``run()`` does the work in its own tasks. What waits is bounded by the lanes' own
/// limits on connections.
package final class Dialer: Sendable {
    /// What it may connect to.
    package struct Configuration: Hashable, Sendable {
        /// Addresses tried for one connection at most.
        package var maximumAddresses = 12
        /// Hosts looked up for one connection at most.
        package var maximumHosts = 16
        /// Whether IPv6 addresses are used.
        package var usesIPv6 = true
        /// Whether mail exchangers at loopback addresses are used. Anybody can publish one; routes are not asked.
        package var allowsLoopback = false
        /// Whether a host whose STARTTLS breaks is spoken to in clear, where TLS is opportunistic.
        package var retriesInClear = true

        package init() {}
    }

    private let addresses: HostAddresses
    private let opener: any MailSessionOpening
    private let configuration: Configuration
    private let requests: AsyncStream<DialRequest>
    private let continuation: AsyncStream<DialRequest>.Continuation

    package init(resolver: any DNSResolving, opener: any MailSessionOpening, configuration: Configuration) {
        self.addresses = HostAddresses(
            resolver: resolver, usesIPv6: configuration.usesIPv6, allowsLoopback: configuration.allowsLoopback)
        self.opener = opener
        self.configuration = configuration
        (self.requests, self.continuation) = AsyncStream.makeStream()
    }

    /// Asks for a connection; the request's completion is called whatever happens.
    package func request(_ request: DialRequest) {
        if case .terminated = self.continuation.yield(request) {
            request.completion(.failed(.internalFault("The worker is stopping")))
        }
    }

    /// Serves requests until ``finish()``, and returns when the last one is answered; a cancelled task gives up those under way.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await request in self.requests {
                group.addTask { request.completion(await self.dial(request)) }
            }
        }
    }

    /// Ends ``run()``.
    package func finish() {
        self.continuation.finish()
    }

    private func dial(_ request: DialRequest) async -> DialOutcome {
        var generator = SystemRandomNumberGenerator()
        var failure = DeliveryFailure(routing: .noAddress)
        var tried = 0
        for host in request.hosts.order(using: &generator).prefix(self.configuration.maximumHosts) {
            // Each may take the resolver's whole patience, and there may be as many as a domain's owner likes.
            guard !Task.isCancelled else { return .failed(failure) }
            let found: HostAddresses.Answer = await self.addresses.addresses(
                of: host, port: request.hosts.site.port, isRoute: request.hosts.site.isRoute)
            switch found {
            case .failed(let routing):
                // A name that is not there says less than a host that was.
                if tried == 0 { failure = DeliveryFailure(routing: routing) }
            case .addresses(let addresses, let name):
                for address in addresses {
                    // An address of one kind reaches no address of the other.
                    if let source = request.source, source.isIPv6 != (address.protocol == .inet6) { continue }
                    guard tried < self.configuration.maximumAddresses, !Task.isCancelled else { return .failed(failure) }
                    tried += 1
                    switch await self.open(address, host: name, request: request) {
                    case .success(let (session, isInClear)): return .connected(session, brokenTLSHost: isInClear ? host : nil)
                    case .failure(let interruption):
                        failure = DeliveryFailure(interruption, classifier: .shared)
                        // What this side lacks it lacks for the next address as well.
                        if case .noResources = interruption.cause {
                            return request.source == nil ? .failed(failure) : .unusableSource(failure)
                        }
                    }
                }
            }
        }
        return .failed(failure)
    }

    /// Opens a session at one address, a second time in clear where that is allowed and may help.
    private func open(
        _ address: SocketAddress, host: String?, request: DialRequest
    ) async -> Result<(any MailSession, isInClear: Bool), SMTPInterruption> {
        let isKnownBroken = request.tls == .opportunistic && host.map(request.clearHosts.contains) ?? false
        let first = await self.open(address, host: host, tls: isKnownBroken ? .none : request.tls, request: request)
        switch first {
        case .success(let session): return .success((session, isInClear: isKnownBroken))
        case .failure(let interruption):
            guard interruption.mayRetryInClear, self.configuration.retriesInClear, request.tls == .opportunistic, !isKnownBroken else {
                return .failure(interruption)
            }
            return await self.open(address, host: host, tls: .none, request: request).map { ($0, isInClear: true) }
        }
    }

    private func open(
        _ address: SocketAddress, host: String?, tls: SMTPTLSPolicy, request: DialRequest
    ) async -> Result<any MailSession, SMTPInterruption> {
        let source = request.source.flatMap { try? SocketAddress(ipAddress: $0.text, port: 0) }
        let attempt = OpeningAttempt()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard attempt.begin(continuation) else { return }
                self.opener.open(address, from: source, host: host, tls: tls, on: request.eventLoop).whenComplete { attempt.end($0) }
            }
        } onCancel: {
            attempt.cancel()
        }
    }
}
