import ApusCore
import Backends
import Testing

/// What every ``RateLimiting`` guarantees.
@Suite struct RateLimitingContract {
    @Test(arguments: ThrottlingImplementation.allCases) func takesUpToTheBurstAndThenTheRate(on implementation: ThrottlingImplementation) async throws
    {
        try await implementation.withEngine { engine, clocks in
            let limit = RateLimit(perSecond: 10, burst: 3)
            #expect(try await engine.take("a", limit: limit, cost: 3) == .granted)
            #expect(try await engine.take("a", limit: limit, cost: 1) == .denied(retryAfter: .milliseconds(100)))
            #expect(try await engine.take("a", limit: limit, cost: 4) == .impossible)
            // Another key is another limit.
            #expect(try await engine.take("b", limit: limit, cost: 3) == .granted)
            clocks.advance(.milliseconds(100))
            #expect(try await engine.take("a", limit: limit, cost: 1) == .granted)
            #expect(try await engine.take("a", limit: limit, cost: 1) == .denied(retryAfter: .milliseconds(100)))
            try await engine.refund("a", limit: limit, count: 1)
            #expect(try await engine.take("a", limit: limit, cost: 1) == .granted)
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func argumentsAreChecked(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            let limit = RateLimit(perSecond: 1, burst: 1)
            for (key, cost) in [("", 1), (String(repeating: "k", count: 201), 1), ("a", 0), ("a", -1), ("a", Int.min)] {
                await #expect(throws: ThrottlingError.self) { _ = try await engine.take(key, limit: limit, cost: cost) }
                await #expect(throws: ThrottlingError.self) { _ = try await engine.lease(key, limit: limit, maximum: cost) }
                await #expect(throws: ThrottlingError.self) { try await engine.refund(key, limit: limit, count: cost) }
            }
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func severalLimitsAreTakenAllOrNone(on implementation: ThrottlingImplementation) async throws
    {
        try await implementation.withEngine { engine, clocks in
            let (wide, narrow) = (RateLimit(perSecond: 10, burst: 3), RateLimit(perSecond: 5, burst: 1))
            let demands = [RateDemand("a", limit: wide), RateDemand("b", limit: narrow)]
            let first = try await engine.take(demands)
            #expect(first == .granted)
            #expect(try await engine.take(demands) == .denied(retryAfter: .milliseconds(200)))
            // The refused one took nothing of the first.
            #expect(try await engine.take("a", limit: wide, cost: 2) == .granted)
            #expect(try await engine.take([RateDemand("c", limit: wide), RateDemand("d", limit: narrow, cost: 2)]) == .impossible)
            #expect(try await engine.take("c", limit: wide, cost: 3) == .granted)
            clocks.advance(.milliseconds(200))
            #expect(try await engine.take(demands) == .granted)
        }
    }

    /// Whoever leases uses his tokens at the latest moment, together with the next lot: the worst there is.
    @Test(arguments: ThrottlingImplementation.allCases, [(60.0, 10), (100.0, 100), (5000.0, 50), (200.0, 1), (1000.0, 2), (37.5, 7)])
    func leasedTokensNeverExceedTheRateAndBurst(on implementation: ThrottlingImplementation, limit: (perSecond: Double, burst: Int)) async throws {
        try await implementation.withEngine { engine, clocks in
            let rate = RateLimit(perSecond: limit.perSecond, burst: limit.burst)
            let start = clocks.microseconds
            var uses: [(at: Int64, count: Int)] = []
            var generator = SystemRandomNumberGenerator()
            for round in 0..<1500 {
                if round % 7 == 3 {
                    let cost = round % 5 == 0 ? limit.burst : 1
                    if try await engine.take("a", limit: rate, cost: cost) == .granted { uses.append((clocks.microseconds - start, cost)) }
                } else if case .granted(let tokens, let validFor) = try await engine.lease("a", limit: rate, maximum: 20) {
                    #expect((1...20).contains(tokens))
                    uses.append((clocks.microseconds - start + (Bool.random(using: &generator) ? validFor.microseconds : 0), tokens))
                }
                clocks.advance(.microseconds(Int64.random(in: 0...Int64(4_000_000 / limit.perSecond), using: &generator)))
            }
            uses.sort { $0.at < $1.at }
            let elapsed = Double(clocks.microseconds - start) / 1_000_000
            let total = uses.reduce(0) { $0 + $1.count }
            // Most of the rate is really given out, where the burst covers the pauses between questions.
            if limit.burst >= 7 { #expect(Double(total) > limit.perSecond * elapsed * 0.8) }
            #expect(total > 500)
            for first in uses.indices {
                var sum = 0
                for use in uses[first...].prefix(300) {
                    sum += use.count
                    let allowed = limit.perSecond * Double(use.at - uses[first].at) / 1_000_000 + Double(limit.burst)
                    if Double(sum) > allowed + 0.001 {
                        Issue.record("\(sum) tokens in a window that allows \(allowed)")
                        return
                    }
                }
            }
        }
    }

    /// Taking the whole burst at once stays possible beside leases: it waits until what was leased is paid off.
    @Test(arguments: ThrottlingImplementation.allCases) func theWholeBurstIsGrantedBesideLeases(on implementation: ThrottlingImplementation)
        async throws
    {
        try await implementation.withEngine { engine, clocks in
            let rate = RateLimit(perSecond: 100, burst: 10)
            guard case .granted(_, let validFor) = try await engine.lease("a", limit: rate, maximum: 3) else {
                Issue.record("not granted")
                return
            }
            guard case .denied(let wait) = try await engine.take("a", limit: rate, cost: 10) else {
                Issue.record("granted while leased tokens are out")
                return
            }
            #expect(wait > validFor)
            clocks.advance(wait)
            #expect(try await engine.take("a", limit: rate, cost: 10) == .granted)
            #expect(try await engine.take("a", limit: rate, cost: 11) == .impossible)
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func aLeaseThatIsDeniedSaysWhen(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, clocks in
            let rate = RateLimit(perSecond: 100, burst: 10)
            while case .granted = try await engine.lease("a", limit: rate, maximum: 50) {}
            guard case .denied(let wait) = try await engine.lease("a", limit: rate, maximum: 50) else {
                Issue.record("granted without end")
                return
            }
            #expect(wait > .zero && wait <= .milliseconds(10))
            clocks.advance(wait)
            guard case .granted(let tokens, _) = try await engine.lease("a", limit: rate, maximum: 50) else {
                Issue.record("denied after the wait")
                return
            }
            #expect(tokens >= 1)
        }
    }
}
