internal import Backends
package import RedisClient
internal import Synchronization

/// Rates, daily quotas, delivery markers and workers of a whole cluster, decided in Redis by its clock.
///
/// * Every decision is one script, carried out at once or not at all (``RedisScripts``); so limits are exact for all callers together.
/// * Rates above 50 a second are leased in small lots, used here and lost if they are not used in time: most questions cost no call.
/// * Without an epoch (``RedisEpoch``) nothing is decided: an empty Redis is not a new one. ``begin(_:)`` is for the operator to call.
/// * While Redis is away everything fails with ``ThrottlingError/Code/unavailable``, except rates: a process that was a live worker when Redis was
///   last seen has its share of each limit, the limit divided by the workers that were alive then.
/// * It holds as much as Redis does: acknowledged decisions outlive a crash of Redis when its append-only file is synced.
package final class RedisThrottling: Sendable {
    package struct Configuration: Sendable {
        /// What all keys begin with.
        package var prefix: String
        /// How long an outcome is kept after it was written: longer than a record can take to come back.
        package var finishedHorizon: Duration
        /// How long a claim without an outcome is kept: longer than any message lives.
        package var unfinishedHorizon: Duration
        /// Rates above this are leased in lots.
        package var leasesAbove: Double
        /// The most rate limits of which this process holds tokens, or a share while Redis is away.
        package var maximumRateLimits: Int

        package init(
            prefix: String = "apus", finishedHorizon: Duration = .seconds(4 * 3600), unfinishedHorizon: Duration = .seconds(48 * 3600),
            leasesAbove: Double = 50, maximumRateLimits: Int = 100_000
        ) {
            self.prefix = prefix
            self.finishedHorizon = finishedHorizon
            self.unfinishedHorizon = unfinishedHorizon
            self.leasesAbove = leasesAbove
            self.maximumRateLimits = maximumRateLimits
        }
    }

    let client: RedisClient
    let configuration: Configuration
    let clocks: RedisClocks
    let keys: RedisKeys
    let lots: TokenLots
    let share: AwayShare
    /// The last claim's ticket: a double in Redis, so below 2^53.
    let ticket = Atomic<UInt64>(0)
    let openReleases = OpenReleases()

    /// - Parameter client: stays the caller's, who closes it last.
    package init(_ client: RedisClient, configuration: Configuration = Configuration(), clocks: RedisClocks = .system) {
        self.client = client
        self.configuration = configuration
        self.clocks = clocks
        self.keys = RedisKeys(prefix: configuration.prefix)
        self.lots = TokenLots(now: clocks.local, maximumKeys: configuration.maximumRateLimits)
        self.share = AwayShare(now: clocks.local, maximumKeys: configuration.maximumRateLimits)
    }

    /// The epoch under way; nil when there is none, and so nothing is decided.
    ///
    /// - Throws: ``ThrottlingError``.
    package func epoch() async throws -> RedisEpoch? {
        let value = try await self.send(RedisCommand("GET", self.keys.epoch))
        guard value != .null else { return nil }
        guard let epoch = value.text.flatMap({ RedisEpoch($0) }) else { throw ThrottlingError.oddAnswer }
        return epoch
    }

    /// Begins an epoch, unless one is under way.
    ///
    /// - Returns: whether it did.
    /// - Throws: ``ThrottlingError``.
    package func begin(_ beginning: RedisEpoch.Beginning) async throws -> Bool {
        try await self.send(
            RedisCommand(RedisScripts.begin, keys: [self.keys.epoch], arguments: [self.time, .text(beginning.letter)])
        ).integer == 1
    }

    /// The clock's argument.
    var time: RedisArgument { .integer(self.clocks.scripts()) }

    /// Sends, and says in this protocol's terms what went wrong.
    func send(_ command: RedisCommand) async throws -> RESPValue {
        do {
            let value = try await self.client.send(command)
            self.share.isBack()
            return value
        } catch {
            throw ThrottlingError.from(error)
        }
    }
}
