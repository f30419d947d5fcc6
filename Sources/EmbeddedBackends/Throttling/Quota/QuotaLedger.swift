internal import ApusCore
internal import Backends
internal import Logging
internal import Synchronization

/// The 24-hour quota: counted in memory, granted once it is written.
///
/// A reservation is counted, then appended to the log, then granted; the log's next segment begins with all that counts, and the ones
/// before it go. So a crash forgets nothing that was granted, and the log stays small.
final class QuotaLedger: Sendable {
    private final class State: Sendable {
        /// What decisions go by: counts what is granted or on its way to be.
        let windows = Mutex(QuotaWindows())
        /// What the log holds; its thread alone changes it.
        let written = Mutex(QuotaWindows())
    }

    private let state: State
    private let log: SegmentedLog
    private let now: @Sendable () -> UnixMilliseconds

    /// Opens the ledger in a folder. Blocks.
    ///
    /// - Parameters:
    ///   - segmentBytes: the log's size above which it is begun anew.
    ///   - now: the time of day.
    init(folder: String, segmentBytes: Int, logger: Logger, now: @escaping @Sendable () -> UnixMilliseconds) throws {
        let state = State()
        self.log = try SegmentedLog(
            SegmentedLog.Configuration(folder: folder, name: "quota", segmentBytes: segmentBytes, segmentSeconds: 24 * 3600),
            hooks: SegmentedLog.Hooks(
                segmentHeader: { state.written.withLock { $0.everything(at: now()).encoded() } },
                segmentEnded: { log, ended in Self.remove(upTo: ended, log, logger) }
            ),
            logger: logger
        ) { payload, position in
            guard let record = QuotaRecord(payload) else {
                throw ThrottlingError(.corrupt, "segment \(position.segment) of the quota log has an unknown record at \(position.offset)")
            }
            state.written.withLock { $0.replay(record) }
        }
        state.windows.withLock { $0 = state.written.withLock { $0 } }
        self.state = state
        self.now = now
        // The first record of the new segment has all that the earlier ones say.
        Self.remove(upTo: self.log.firstSegment - 1, self.log, logger)
    }

    func reserve(account: AccountID, recipients: Int, quota: Int?) async throws -> QuotaDecision {
        guard (1...1_000_000).contains(recipients), let number = Int64(account.rawValue) else {
            throw ThrottlingError(.invalidArgument, "a reservation is for 1 to 1,000,000 recipients")
        }
        let now = self.now()
        if let used = self.state.windows.withLock({ $0.add(recipients, account: number, at: now, quota: quota) }) {
            return .exceeded(used: used)
        }
        do {
            try await self.append(.counted(account: number, at: now, count: recipients))
        } catch {
            self.state.windows.withLock { $0.refund(recipients, account: number, addedAt: now) }
            throw error
        }
        return .granted(QuotaReservation(account: account, recipients: recipients, at: now))
    }

    func refund(_ reservation: QuotaReservation) async throws {
        guard reservation.recipients >= 1, let number = Int64(reservation.account.rawValue) else { return }
        try await self.append(.counted(account: number, at: reservation.at, count: -reservation.recipients))
        self.state.windows.withLock { $0.refund(reservation.recipients, account: number, addedAt: reservation.at) }
    }

    func used(account: AccountID) -> Int {
        let now = self.now()
        return self.state.windows.withLock { windows in
            Int64(account.rawValue).map { windows.used(account: $0, at: now) } ?? 0
        }
    }

    func close() async {
        await self.log.close()
    }

    /// Waits until a record is written; the log's own count of what it holds moves with it, on the log's thread.
    private func append(_ record: QuotaRecord) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do throws(ThrottlingLogError) {
                try self.log.append(record.encoded()) { result in
                    switch result {
                    case .success:
                        self.state.written.withLock { $0.replay(record) }
                        continuation.resume()
                    case .failure(let error):
                        continuation.resume(throwing: ThrottlingError(.unavailable, "the quota log cannot be written", cause: error))
                    }
                }
            } catch {
                continuation.resume(throwing: error.throttlingError)
            }
        }
    }

    private static func remove(upTo last: UInt32, _ log: SegmentedLog, _ logger: Logger) {
        log.maintain { isOpen in
            guard isOpen else { return }
            do {
                for number in try log.segments() where number <= last { try log.remove(segment: number) }
            } catch {
                logger.warning("an old quota segment cannot be removed", metadata: ["error": "\(error)"])
            }
        }
    }
}
