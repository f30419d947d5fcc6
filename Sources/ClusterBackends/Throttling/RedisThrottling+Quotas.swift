package import ApusCore
package import Backends
internal import RedisClient

extension RedisThrottling: QuotaCounting {
    private static let minutes = RedisArgument.integer(Int64(SlidingWindow.minutes))
    /// How long a window that nobody adds to is kept: until all of it has left.
    private static let keptFor = RedisArgument.integer(Int64(SlidingWindow.minutes + 1) * 60_000)

    package func reserve(account: AccountID, recipients: Int, quota: Int?) async throws -> QuotaDecision {
        guard (1...1_000_000).contains(recipients) else {
            throw ThrottlingError(.invalidArgument, "a reservation is for 1 to 1,000,000 recipients")
        }
        // A double counts to 2^53.
        let bound = quota.map { Int64(min(max($0, 0), 1 << 50)) } ?? -1
        let answer = try await self.send(
            RedisCommand(
                RedisScripts.reserve, keys: [self.keys.epoch, self.keys.quota(account)],
                arguments: [self.time, Self.minutes, .integer(Int64(recipients)), .integer(bound), Self.keptFor]))
        guard let numbers = answer.array?.compactMap(\.integer), numbers.count == 3 else { throw ThrottlingError.oddAnswer }
        guard numbers[0] == 1 else { return .exceeded(used: Int(numbers[1])) }
        return .granted(QuotaReservation(account: account, recipients: recipients, at: UnixMilliseconds(numbers[2])))
    }

    package func refund(_ reservation: QuotaReservation) async throws {
        guard reservation.recipients >= 1 else { return }
        _ = try await self.send(
            RedisCommand(
                RedisScripts.refundQuota, keys: [self.keys.epoch, self.keys.quota(reservation.account)],
                arguments: [
                    self.time, Self.minutes, .integer(Int64(reservation.recipients)), .integer(reservation.at.rawValue / 60_000),
                ]))
    }

    package func used(account: AccountID) async throws -> Int {
        let answer = try await self.send(
            RedisCommand(
                RedisScripts.used, keys: [self.keys.epoch, self.keys.quota(account)], arguments: [self.time, Self.minutes]))
        guard let used = answer.integer else { throw ThrottlingError.oddAnswer }
        return Int(used)
    }
}
