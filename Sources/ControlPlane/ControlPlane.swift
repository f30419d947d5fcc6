package import ApusCore
package import Backends
internal import Glibc
package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Accounts, access keys, identities, configuration sets and pools, as the API, the command line and the console share them.
///
/// Everything is kept in a ``StateStore`` and read from a copy in memory, so that a message on its way in costs no query. The copy
/// follows the store's change feed: writes of this process are in it when they return, writes of others as soon as the feed tells of
/// them (``run()``). While the store is away, reads go on from the copy as it was last.
package final class ControlPlane: Service {
    /// What the control plane needs to know of the installation.
    package struct Configuration: Hashable, Sendable {
        /// The region in ARNs and messages.
        package var region: Region
        /// The zone that CNAMEs of domain identities point into; nil when this installation has none, and owners publish keys directly.
        package var dkimZone: String?
        /// The installation's own domain.
        package var domain: String
        /// Whether new domain identities get an Ed25519 key beside the RSA keys.
        package var ed25519: Bool
        /// The most identities of one account.
        package var maximumIdentities: Int
        /// The most configuration sets of one account.
        package var maximumConfigurationSets: Int
        /// The most pools of one account, and of the installation.
        package var maximumPools: Int
        /// The most access keys of one account.
        package var maximumAccessKeys: Int
        /// Recipients in 24 hours of new accounts; nil for no limit.
        package var maximum24HourSend: Int?
        /// Recipients a second of new accounts.
        package var maximumSendRate: Double

        package init(
            region: Region = .usEast1, dkimZone: String? = nil, domain: String, ed25519: Bool = false, maximumIdentities: Int = 10_000,
            maximumConfigurationSets: Int = 10_000, maximumPools: Int = 50, maximumAccessKeys: Int = 100, maximum24HourSend: Int? = nil,
            maximumSendRate: Double = 1000
        ) {
            self.region = region
            self.dkimZone = dkimZone
            self.domain = domain
            self.ed25519 = ed25519
            self.maximumIdentities = maximumIdentities
            self.maximumConfigurationSets = maximumConfigurationSets
            self.maximumPools = maximumPools
            self.maximumAccessKeys = maximumAccessKeys
            self.maximum24HourSend = maximum24HourSend
            self.maximumSendRate = maximumSendRate
        }
    }

    package let configuration: Configuration
    let store: any StateStore
    let sealer: SecretSealer
    let logger: Logger
    /// The time on which creation and verification times go.
    let now: @Sendable () -> UnixMilliseconds
    let snapshot = Mutex(ControlPlaneSnapshot())

    /// - Parameters:
    ///   - store: where everything is kept; closing it is the caller's part.
    ///   - sealer: encrypts secrets in the store.
    ///   - configuration: see ``Configuration``.
    ///   - logger: for what ``run()`` meets.
    ///   - now: the time of day, for tests.
    package init(
        store: any StateStore, sealer: SecretSealer, configuration: Configuration, logger: Logger = Logger(label: "apus.control-plane"),
        now: (@Sendable () -> UnixMilliseconds)? = nil
    ) {
        self.store = store
        self.sealer = sealer
        self.configuration = configuration
        self.logger = logger
        self.now = now ?? Self.timeOfDay
    }

    /// Fills the copy in memory. Call it before anything else.
    ///
    /// - Throws: ``ControlPlaneError``: the store cannot be read, or holds what this process cannot read (a newer document, a secret
    ///   whose master key is missing).
    package func load() async throws {
        try await self.reload()
        try await self.catchUp()
    }

    /// Follows the store's change feed until it is cancelled or the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    let position = self.snapshot.withLock { $0.position }
                    try await self.store.waitForChange(after: position, timeout: .seconds(60))
                    try await self.catchUp()
                } catch is CancellationError {
                    return
                } catch let error as StateError where error.code == .closed {
                    return
                } catch {
                    self.logger.error("the control plane cannot follow the state store", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }

    private static let timeOfDay: @Sendable () -> UnixMilliseconds = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
