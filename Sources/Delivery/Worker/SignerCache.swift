package import ApusCore
package import MailAuthentication
internal import Synchronization

/// The signers of domains, kept for a short time so that a busy domain's keys are not asked for with every message.
package final class SignerCache: Sendable {
    /// Where signers come from.
    package typealias Source = @Sendable (_ domain: String, _ account: AccountID) async throws -> [DKIMSigner]

    private struct Key: Hashable {
        var domain: String
        var account: AccountID
    }

    private struct Known {
        var signers: [DKIMSigner]
        var until: UnixMilliseconds
    }

    /// A changed key signs after this at the latest.
    private static let keptFor: Duration = .seconds(30)
    private static let maximumKept = 10_000

    private let source: Source
    private let clock: any DeliveryClock
    private let known = Mutex<[Key: Known]>([:])

    package init(source: @escaping Source, clock: any DeliveryClock) {
        self.source = source
        self.clock = clock
    }

    /// - Throws: what the source throws.
    package func signers(of domain: String, account: AccountID) async throws -> [DKIMSigner] {
        let key = Key(domain: domain, account: account)
        let now = self.clock.now()
        if let known = self.known.withLock({ $0[key] }), known.until > now { return known.signers }
        let signers = try await self.source(domain, account)
        self.known.withLock { known in
            if known.count >= Self.maximumKept { known.removeAll(keepingCapacity: true) }
            known[key] = Known(signers: signers, until: now + Self.keptFor)
        }
        return signers
    }
}
