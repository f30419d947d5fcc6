import ApusCore
import Backends
import ClusterBackends
import Testing

/// Limits are exact for all processes together, by the server's clock.
@Suite(.serialized) struct RedisExactnessTests {
    private static let account = AccountID("123456789012")!

    /// Takes until the server's clock passes `end`.
    private static func use(_ engine: RedisThrottling, _ limit: RateLimit, until end: Int64, _ fixture: RedisFixture) async throws -> Int {
        var count = 0
        while true {
            switch try await engine.take("shared", limit: limit, cost: 1) {
            case .granted:
                count += 1
                // On a machine that never comes to a denial.
                if count.isMultiple(of: 500), try await fixture.time() >= end { return count }
            case .denied(let wait):
                try await Task.sleep(for: wait)
                if try await fixture.time() >= end { return count }
            case .impossible: return count
            }
        }
    }

    /// A slow machine asks less often: the burst covers pauses of nearly a second, and what it does not use then is not missed.
    @Test(arguments: [1.0, 100, 1000, 5000]) func fourProcessesShareARate(perSecond: Double) async throws {
        try await RedisFixture.run(engines: 4) { fixture in
            let limit = RateLimit(perSecond: perSecond, burst: Int(perSecond))
            let start = try await fixture.time()
            // The burst that leases leave is used up first, so that what follows is the rate alone.
            guard case .granted(let spent, _) = try await fixture.engines[0].lease("shared", limit: limit, maximum: limit.burst) else {
                Issue.record("a new limit has no burst")
                return
            }
            let begin = try await fixture.time()
            let count = try await withThrowingTaskGroup(of: Int.self) { group in
                for engine in fixture.engines {
                    for _ in 0..<2 {
                        group.addTask { try await Self.use(engine, limit, until: begin + 4_000_000, fixture) }
                    }
                }
                return try await group.reduce(0, +)
            }
            let end = try await fixture.time()
            let seconds = Double(end - begin) / 1_000_000
            #expect(Double(spent + count) <= perSecond * Double(end - start) / 1_000_000 + Double(limit.burst))
            #expect(count >= Int(perSecond * seconds * 0.97))
        }
    }

    @Test func theDailyQuotaIsExactToTheMessage() async throws {
        try await RedisFixture.run(engines: 4) { fixture in
            let granted = try await withThrowingTaskGroup(of: [QuotaReservation].self) { group in
                for engine in fixture.engines {
                    for part in 0..<5 {
                        group.addTask {
                            var mine: [QuotaReservation] = []
                            for _ in 0..<60 {
                                let decision = try await engine.reserve(account: Self.account, recipients: 1 + part, quota: 1000)
                                guard case .granted(let reservation) = decision else { continue }
                                mine.append(reservation)
                            }
                            return mine
                        }
                    }
                }
                return try await group.reduce([], +)
            }
            // A single recipient fits as long as there is room, so the last of those who ask for one finds it full.
            let sum = granted.reduce(0) { $0 + $1.recipients }
            var rest = 0
            while case .granted = try await fixture.engines[1].reserve(account: Self.account, recipients: 1, quota: 1000) { rest += 1 }
            #expect(sum + rest == 1000)
            #expect(try await fixture.engines[2].used(account: Self.account) == 1000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, reservation) in granted.enumerated() {
                    group.addTask { try await fixture.engines[index % 4].refund(reservation) }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.engines[3].used(account: Self.account) == rest)
        }
    }

    @Test func aClaimIsOneOwners() async throws {
        try await RedisFixture.run(engines: 4) { fixture in
            let message = MessageID("0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-000000")!
            for (index, engine) in fixture.engines.enumerated() { try await engine.heartbeat(WorkerID("w\(index)"), summary: []) }
            for round in 0..<50 {
                let answers = try await withThrowingTaskGroup(of: ClaimAnswer?.self) { group in
                    for (index, engine) in fixture.engines.enumerated() {
                        let claim = DeliveryClaim(
                            messageID: message, recipients: ["\(round)@example.com"], attempt: 1, hop: 0, owner: WorkerID("w\(index)"))
                        group.addTask { try await engine.claim(claim).first }
                    }
                    return try await group.reduce(into: [ClaimAnswer?]()) { $0.append($1) }
                }
                #expect(answers.filter { $0 == .claimed }.count == 1)
                #expect(answers.filter { $0 == .heldByLivingOwner }.count == 3)
            }
        }
    }
}
