internal import ApusCore
package import DNSResolver
internal import Synchronization

/// Finds the mail hosts of a domain, and with them its site: its route, or its mail exchangers, or the domain itself (RFC 5321 section 5.1).
package final class SiteDirectory: Sendable {
    /// What a domain has.
    package enum Answer: Hashable, Sendable {
        case hosts(MailHosts)
        case failed(DeliveryFailure.Routing)
    }

    private struct Known {
        var hosts: MailHosts
        var until: UnixMilliseconds
    }

    /// The resolver keeps answers for their time; this keeps what was made of them, so that a message of a busy domain costs no thread hop.
    private static let longestKept: Duration = .seconds(60)
    private static let maximumKept = 10_000

    private let routes: RouteTable
    private let resolver: any DNSResolving
    private let port: Int
    private let clock: any DeliveryClock
    private let known = Mutex<[String: Known]>([:])

    /// - Parameters:
    ///   - routes: asked first.
    ///   - resolver: asked for MX and addresses.
    ///   - port: the port at mail exchangers; 25 but in tests.
    ///   - clock: ages what is kept.
    package init(routes: RouteTable, resolver: any DNSResolving, port: Int, clock: any DeliveryClock) {
        self.routes = routes
        self.resolver = resolver
        self.port = port
        self.clock = clock
    }

    /// - Parameter domain: lower case, A-labels.
    package func hosts(of domain: String) async -> Answer {
        if let route = self.routes.route(for: domain) {
            return .hosts(MailHosts(host: route.host, port: route.port, isRoute: true))
        }
        let now = self.clock.now()
        if let known = self.known.withLock({ $0[domain] }), known.until > now { return .hosts(known.hosts) }
        do throws(DNSError) {
            let answer = try await self.resolver.lookupMX(domain)
            guard !answer.isNull else { return .failed(.nullExchanger) }
            let hosts = MailHosts(exchangers: answer.exchangers.map { (Int($0.preference), $0.host) }, port: self.port)
            self.keep(hosts, for: domain, until: now + min(.seconds(answer.ttl), Self.longestKept))
            return .hosts(hosts)
        } catch {
            switch error.code {
            case .noData: return await self.implicitHosts(of: domain)
            case .noSuchDomain: return .failed(.noSuchDomain)
            case .invalidName: return .failed(.invalidDomain)
            case .malformedAnswer: return .failed(.noAddress)
            case .temporaryFailure, .timeout, .bogus, .overloaded, .closed: return .failed(.noAnswer)
            }
        }
    }

    /// A domain without MX is its own mail exchanger, if it has an address.
    private func implicitHosts(of domain: String) async -> Answer {
        var ttl = 0
        var isUnknown = false
        for type in [DNSRecordType.a, .aaaa] {
            do throws(DNSError) {
                ttl = try await self.resolver.lookup(domain, type).ttl
                let hosts = MailHosts(host: domain, port: self.port)
                self.keep(hosts, for: domain, until: self.clock.now() + min(.seconds(ttl), Self.longestKept))
                return .hosts(hosts)
            } catch {
                isUnknown = isUnknown || error.isTransient
            }
        }
        return .failed(isUnknown ? .noAnswer : .noSuchDomain)
    }

    private func keep(_ hosts: MailHosts, for domain: String, until: UnixMilliseconds) {
        self.known.withLock { known in
            if known.count >= Self.maximumKept { known.removeAll(keepingCapacity: true) }
            known[domain] = Known(hosts: hosts, until: until)
        }
    }
}
