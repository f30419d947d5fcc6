internal import ApusCore

/// A record of the quota log.
enum QuotaRecord: Hashable, Sendable {
    /// `count` recipients counted at an instant; taken back where negative.
    case counted(account: Int64, at: UnixMilliseconds, count: Int)
    /// Everything that counts at this point: counts by minute and account. What came before is replaced.
    case everything([Int64: [Int64: Int]])

    private static let countedTag: UInt8 = 1
    private static let everythingTag: UInt8 = 2

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .counted(let account, let at, let count):
            bytes.reserveCapacity(25)
            bytes.append(Self.countedTag)
            bytes.appendLittleEndian(account)
            bytes.appendLittleEndian(at.rawValue)
            bytes.appendLittleEndian(Int64(count))
        case .everything(let accounts):
            bytes.append(Self.everythingTag)
            bytes.appendLittleEndian(UInt32(accounts.count))
            for (account, buckets) in accounts {
                bytes.appendLittleEndian(account)
                bytes.appendLittleEndian(UInt32(buckets.count))
                for (minute, count) in buckets {
                    bytes.appendLittleEndian(minute)
                    bytes.appendLittleEndian(Int64(count))
                }
            }
        }
        return bytes
    }

    /// - Returns: nil for bytes that are no such record.
    init?(_ bytes: ArraySlice<UInt8>) {
        var reader = LogReader(bytes)
        switch reader.integer(UInt8.self) {
        case Self.countedTag:
            guard let account = reader.integer(Int64.self), let at = reader.integer(Int64.self), let count = reader.integer(Int64.self)
            else { return nil }
            self = .counted(account: account, at: UnixMilliseconds(at), count: Int(count))
        case Self.everythingTag:
            guard let accountCount = reader.integer(UInt32.self) else { return nil }
            var accounts: [Int64: [Int64: Int]] = [:]
            for _ in 0..<accountCount {
                guard let account = reader.integer(Int64.self), let bucketCount = reader.integer(UInt32.self) else { return nil }
                var buckets: [Int64: Int] = [:]
                for _ in 0..<bucketCount {
                    guard let minute = reader.integer(Int64.self), let count = reader.integer(Int64.self) else { return nil }
                    buckets[minute] = Int(count)
                }
                accounts[account] = buckets
            }
            self = .everything(accounts)
        default: return nil
        }
    }
}
