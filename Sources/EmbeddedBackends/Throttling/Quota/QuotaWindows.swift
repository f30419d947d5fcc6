internal import ApusCore

/// The 24-hour windows of all accounts, by account number.
struct QuotaWindows: Sendable {
    private var windows: [Int64: SlidingWindow] = [:]

    /// Counts as a stored record says.
    mutating func replay(_ record: QuotaRecord) {
        switch record {
        case .counted(let account, let at, let count) where count >= 0:
            self.windows[account, default: SlidingWindow()].record(count, at: at)
        case .counted(let account, let at, let count):
            self.refund(-count, account: account, addedAt: at)
        case .everything(let accounts):
            self.windows = accounts.mapValues { SlidingWindow(buckets: $0) }
        }
    }

    /// Counts if the sum stays within `quota`.
    ///
    /// - Returns: nil when it was counted, what is used otherwise.
    mutating func add(_ count: Int, account: Int64, at now: UnixMilliseconds, quota: Int?) -> Int? {
        if self.windows[account, default: SlidingWindow()].add(count, at: now, quota: quota ?? .max) { return nil }
        return self.used(account: account, at: now)
    }

    mutating func refund(_ count: Int, account: Int64, addedAt then: UnixMilliseconds) {
        self.windows[account]?.refund(count, addedAt: then)
    }

    mutating func used(account: Int64, at now: UnixMilliseconds) -> Int {
        self.windows[account]?.total(at: now) ?? 0
    }

    /// All that counts at `now`; windows that are empty are let go.
    mutating func everything(at now: UnixMilliseconds) -> QuotaRecord {
        for account in Array(self.windows.keys) where self.windows[account]?.total(at: now) == 0 {
            self.windows[account] = nil
        }
        return .everything(self.windows.mapValues(\.stored))
    }
}
