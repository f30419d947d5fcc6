import ApusCore
import Backends
import EmbeddedBackends
import Testing

@Suite struct RateLimiterTests {
    @Test func aRestartGrantsNoSecondBurst() async throws {
        let fixture = try EngineFixture()
        let limit = RateLimit(perSecond: 10, burst: 5)
        #expect(try await fixture.engine.take("a", limit: limit, cost: 5) == .granted)
        let killed = try fixture.afterKill()
        #expect(try await killed.engine.take("a", limit: limit, cost: 1) == .denied(retryAfter: .milliseconds(100)))
        // Nor does a key that is asked for only later lose what time gave it.
        killed.clock.advance(.seconds(1))
        #expect(try await killed.engine.take("b", limit: limit, cost: 5) == .granted)
        await fixture.engine.close()
        await killed.engine.close()
    }

    @Test func idleLimitsAreLetGo() async throws {
        let fixture = try EngineFixture(.init(maximumRateLimits: 5000))
        let limit = RateLimit(perSecond: 1000, burst: 1)
        for key in 0..<20_000 {
            #expect(try await fixture.engine.take("key-\(key)", limit: limit, cost: 1) == .granted)
            fixture.clock.advance(.microseconds(100))
        }
        #expect(fixture.engine.rateLimitCount < 5000)
        await fixture.engine.close()
    }

    @Test func aboveTheBoundNewLimitsWaitAndOldOnesDoNot() async throws {
        let fixture = try EngineFixture(.init(maximumRateLimits: 1500))
        let limit = RateLimit(perSecond: 1, burst: 2)
        for key in 0..<1500 { #expect(try await fixture.engine.take("key-\(key)", limit: limit, cost: 1) == .granted) }
        #expect(try await fixture.engine.take("one-more", limit: limit, cost: 1) == .denied(retryAfter: .seconds(1)))
        #expect(try await fixture.engine.take("key-0", limit: limit, cost: 1) == .granted)
        fixture.clock.advance(.seconds(2))
        #expect(try await fixture.engine.take("one-more", limit: limit, cost: 1) == .granted)
        await fixture.engine.close()
    }
}
