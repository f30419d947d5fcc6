package import ApusCore
package import Backends
internal import Glibc
package import Logging

/// Rates, daily quotas, delivery markers and workers of one node: decided in memory, remembered on disk.
///
/// * Rates are exact for this process, and after a restart start as spent (see ``RateLimiting``).
/// * The daily quota and the markers outlive a `kill -9`: they are written before they count, and synced within about a second.
/// * Claims of worker ids of an earlier process count as dead, for nobody beats for them.
package final class EmbeddedThrottling: Sendable {
    /// What the engine can be told.
    package struct Configuration: Sendable {
        /// How long an outcome is kept after it was written. Longer than a record can take to come back: unfinished work is read again
        /// at once after a restart, and time in which no process runs does not count.
        package var finishedHorizon: Duration
        /// How long a claim without an outcome is kept: longer than any message lives.
        package var unfinishedHorizon: Duration
        /// The most markers in memory, some 80 bytes each; above nine tenths, old outcomes go before their time.
        package var maximumMarkers: Int
        /// The most bytes of markers on disk, about; above it, old outcomes go before their time.
        package var maximumMarkerBytes: Int
        /// The size at which a marker file is ended; what can be forgotten goes file by file.
        package var markerSegmentBytes: Int
        /// The age at which a marker file is ended.
        package var markerSegmentAge: Duration
        /// The size at which the quota file is begun anew.
        package var quotaSegmentBytes: Int
        /// The most rate limits in use at once.
        package var maximumRateLimits: Int

        package init(
            finishedHorizon: Duration = .seconds(2 * 3600), unfinishedHorizon: Duration = .seconds(48 * 3600),
            maximumMarkers: Int = 2_000_000, maximumMarkerBytes: Int = 4 << 30, markerSegmentBytes: Int = 32 << 20,
            markerSegmentAge: Duration = .seconds(300), quotaSegmentBytes: Int = 4 << 20, maximumRateLimits: Int = 200_000
        ) {
            self.finishedHorizon = finishedHorizon
            self.unfinishedHorizon = unfinishedHorizon
            self.maximumMarkers = maximumMarkers
            self.maximumMarkerBytes = maximumMarkerBytes
            self.markerSegmentBytes = markerSegmentBytes
            self.markerSegmentAge = markerSegmentAge
            self.quotaSegmentBytes = quotaSegmentBytes
            self.maximumRateLimits = maximumRateLimits
        }
    }

    /// The clocks that the engine goes by, for tests.
    package struct Clocks: Sendable {
        /// Microseconds of a clock that never steps: for rates and heartbeats.
        package var microseconds: @Sendable () -> Int64
        /// The time of day: for quotas, and to know the age of markers.
        package var timeOfDay: @Sendable () -> UnixMilliseconds

        package init(microseconds: @escaping @Sendable () -> Int64, timeOfDay: @escaping @Sendable () -> UnixMilliseconds) {
            self.microseconds = microseconds
            self.timeOfDay = timeOfDay
        }

        /// The system's clocks.
        package static let system = Clocks(
            microseconds: {
                var time = timespec()
                clock_gettime(CLOCK_MONOTONIC, &time)
                return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
            },
            timeOfDay: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
            }
        )
    }

    private let rates: RateLimiter
    private let workers: WorkerTable
    private let quotas: QuotaLedger
    private let markers: DeliveryMarkers

    /// Opens the engine in a folder and reads what it holds. Blocks while it reads.
    ///
    /// - Throws: ``ThrottlingError``.
    package init(
        folder: String, configuration: Configuration = .init(), clocks: Clocks = .system,
        logger: Logger = Logger(label: "apus.throttling")
    ) throws {
        do {
            let isFresh = try DiskFile.names(in: folder).isEmpty
            self.rates = RateLimiter(now: clocks.microseconds, startsSpent: !isFresh, maximumKeys: configuration.maximumRateLimits)
            self.workers = WorkerTable(now: clocks.microseconds)
            self.quotas = try QuotaLedger(
                folder: folder, segmentBytes: configuration.quotaSegmentBytes, logger: logger, now: clocks.timeOfDay
            )
            self.markers = try DeliveryMarkers(
                DeliveryMarkers.Configuration(
                    folder: folder, finishedHorizon: configuration.finishedHorizon, unfinishedHorizon: configuration.unfinishedHorizon,
                    maximumMarkers: configuration.maximumMarkers, maximumBytes: configuration.maximumMarkerBytes,
                    segmentBytes: configuration.markerSegmentBytes, segmentSeconds: configuration.markerSegmentAge.components.seconds
                ),
                workers: self.workers, logger: logger, now: clocks.timeOfDay
            )
        } catch let error as ThrottlingError {
            throw error
        } catch {
            throw ThrottlingError(.unavailable, "the throttling data in \(folder) cannot be opened", cause: error)
        }
    }

    /// The number of delivery markers in memory, for metrics.
    package var markerCount: Int { self.markers.count }
    /// The number of rate limits in memory, for metrics.
    package var rateLimitCount: Int { self.rates.count }

    /// Writes and syncs what waits, and lets go of files and threads. Idempotent; every operation fails afterwards.
    package func close() async {
        await self.quotas.close()
        await self.markers.close()
    }
}

extension EmbeddedThrottling: RateLimiting {
    package func take(_ key: String, limit: RateLimit, cost: Int) async throws -> RateDecision {
        try self.rates.take(key, limit: limit, cost: cost)
    }

    package func lease(_ key: String, limit: RateLimit, maximum: Int) async throws -> RateLease {
        try self.rates.lease(key, limit: limit, maximum: maximum)
    }

    package func refund(_ key: String, limit: RateLimit, count: Int) async throws {
        try self.rates.refund(key, limit: limit, count: count)
    }
}

extension EmbeddedThrottling: QuotaCounting {
    package func reserve(account: AccountID, recipients: Int, quota: Int?) async throws -> QuotaDecision {
        try await self.quotas.reserve(account: account, recipients: recipients, quota: quota)
    }

    package func refund(_ reservation: QuotaReservation) async throws {
        try await self.quotas.refund(reservation)
    }

    package func used(account: AccountID) async throws -> Int {
        self.quotas.used(account: account)
    }
}

extension EmbeddedThrottling: DeliveryMarking {
    package func claim(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<[ClaimAnswer], any Error>) -> Void) {
        self.markers.claim(claim, completion: completion)
    }

    package func markData(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        self.markers.markData(claim, completion: completion)
    }

    package func finish(
        _ claim: DeliveryClaim, outcomes: [[UInt8]], completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        self.markers.finish(claim, outcomes: outcomes, completion: completion)
    }

    package func release(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        self.markers.release(claim, completion: completion)
    }
}

extension EmbeddedThrottling: WorkerRegistry {
    package func heartbeat(_ worker: WorkerID, summary: [UInt8]) async throws {
        try self.workers.heartbeat(worker, summary: summary)
    }

    package func leave(_ worker: WorkerID) async throws {
        self.workers.leave(worker)
    }

    package func summaries() async throws -> [WorkerID: [UInt8]] {
        self.workers.summaries()
    }
}
