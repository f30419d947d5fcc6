package import ApusCore
package import Backends
internal import RedisClient

extension RedisThrottling: RateLimiting {
    private static let maximumKeyBytes = 200

    package func take(_ key: String, limit: RateLimit, cost: Int) async throws -> RateDecision {
        try Self.check(key, count: cost)
        guard cost <= limit.burst else { return .impossible }
        let interval = CellInterval(limit)
        guard cost <= interval.burst else { return .impossible }
        do {
            let lot = TokenLots.size(limit, interval)
            guard limit.perSecond > self.configuration.leasesAbove, cost <= lot / 2 else {
                return try await self.takeDirectly(key, interval, cost: cost)
            }
            return try await self.lots.take(key, limit: limit, cost: cost, lot: lot) { maximum in
                try await self.leaseDirectly(key, interval, maximum: maximum)
            }
        } catch let error as RedisError where error.isAbsence {
            return try self.share.take(key, limit: limit, cost: cost) ?? { throw ThrottlingError(error) }()
        } catch {
            throw ThrottlingError.from(error)
        }
    }

    package func lease(_ key: String, limit: RateLimit, maximum: Int) async throws -> RateLease {
        try Self.check(key, count: maximum)
        do {
            return try await self.leaseDirectly(key, CellInterval(limit), maximum: maximum)
        } catch let error as RedisError where error.isAbsence {
            switch try self.share.take(key, limit: limit, cost: 1) {
            case .granted: return .granted(tokens: 1, validFor: .zero)
            case .denied(let wait): return .denied(retryAfter: wait)
            case .impossible: return .denied(retryAfter: .seconds(1))
            case nil: throw ThrottlingError(error)
            }
        } catch {
            throw ThrottlingError.from(error)
        }
    }

    package func refund(_ key: String, limit: RateLimit, count: Int) async throws {
        try Self.check(key, count: count)
        let interval = CellInterval(limit)
        _ = try await self.send(
            self.command(RedisScripts.refundTokens, key, interval, [.integer(Int64(min(count, interval.burst)))]))
    }

    private func takeDirectly(_ key: String, _ interval: CellInterval, cost: Int) async throws -> RateDecision {
        let command = self.command(
            RedisScripts.take, key, interval,
            [.integer(Int64(cost)), .integer(Int64(interval.leasedBurst)), .integer(interval.lease)])
        guard let wait = try await self.client.send(command).integer else { throw ThrottlingError.oddAnswer }
        self.share.isBack()
        return wait == 0 ? .granted : .denied(retryAfter: .microseconds(wait))
    }

    private func leaseDirectly(_ key: String, _ interval: CellInterval, maximum: Int) async throws -> RateLease {
        let command = self.command(
            RedisScripts.lease, key, interval, [.integer(Int64(min(maximum, interval.burst))), .integer(Int64(interval.leasedBurst))])
        guard let answer = try await self.client.send(command).array, answer.count == 2, let tokens = answer[0].integer,
            let wait = answer[1].integer
        else { throw ThrottlingError.oddAnswer }
        self.share.isBack()
        return tokens > 0
            ? .granted(tokens: Int(tokens), validFor: .microseconds(interval.lease)) : .denied(retryAfter: .microseconds(wait))
    }

    private func command(_ script: RedisScript, _ key: String, _ interval: CellInterval, _ more: [RedisArgument]) -> RedisCommand {
        let cells: [RedisArgument] = [
            self.time, .integer(interval.microseconds), .integer(interval.parts), .integer(Int64(interval.burst)),
        ]
        return RedisCommand(script, keys: [self.keys.epoch, self.keys.rate(key)], arguments: cells + more)
    }

    private static func check(_ key: String, count: Int) throws {
        guard (1...Self.maximumKeyBytes).contains(key.utf8.count), count >= 1 else {
            throw ThrottlingError(.invalidArgument, "a limit's key has 1 to 200 bytes, and at least one token is asked for")
        }
    }
}
