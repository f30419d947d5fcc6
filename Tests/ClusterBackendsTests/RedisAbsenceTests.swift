import ApusCore
import Backends
import ChildProcesses
import ClusterBackends
import RedisClient
import TestSupport
import Testing

/// Redis that is away, or came back empty.
@Suite struct RedisAbsenceTests {
    private static let account = AccountID("123456789012")!
    private static let message = MessageID("0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-000000")!
    private static let limit = RateLimit(perSecond: 10, burst: 10)
    private static let claim = DeliveryClaim(messageID: message, recipients: ["a@example.com"], attempt: 1, hop: 0, owner: WorkerID("w"))

    private static func configuration(_ server: RedisServer) -> RedisConfiguration {
        RedisConfiguration(host: "127.0.0.1", port: server.port, commandTimeout: .seconds(60))
    }

    /// The error's code of everything that can be asked.
    private static func codes(_ engine: RedisThrottling, rates: Bool = true) async -> [ThrottlingError.Code?] {
        var codes: [ThrottlingError.Code?] = []
        func note(_ body: () async throws -> Void) async {
            do {
                try await body()
                codes.append(nil)
            } catch {
                codes.append((error as? ThrottlingError)?.code)
            }
        }
        if rates {
            await note { _ = try await engine.take("a", limit: Self.limit, cost: 1) }
            // A key that no tokens are held of: those would be used up first.
            await note { _ = try await engine.take(TestRedis.newPrefix(), limit: RateLimit(perSecond: 1000, burst: 1000), cost: 1) }
            await note { _ = try await engine.lease("a", limit: Self.limit, maximum: 1) }
        }
        await note { try await engine.refund("a", limit: Self.limit, count: 1) }
        await note { _ = try await engine.reserve(account: Self.account, recipients: 1, quota: 10) }
        await note { _ = try await engine.used(account: Self.account) }
        await note { _ = try await engine.claim(Self.claim) }
        await note { try await engine.markData(Self.claim) }
        await note { try await engine.finish(Self.claim, outcomes: [[1]]) }
        await note { try await engine.release(Self.claim) }
        await note { try await engine.heartbeat(WorkerID("w"), summary: []) }
        await note { _ = try await engine.summaries() }
        await note { try await engine.leave(WorkerID("w")) }
        return codes
    }

    @Test func anEmptyRedisDecidesNothingUntilItIsToldTo() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.run(Self.configuration(server)) { fixture in
                let engine = fixture.engines[0]
                #expect(try await engine.epoch() == nil)
                #expect(Set(await Self.codes(engine)) == [.unavailable])
                #expect(try await engine.begin(.fresh))
                // There is one: nothing is begun anew by mistake.
                #expect(try await !engine.begin(.afterLoss(quotasAreSpent: true)))
                #expect(try await engine.epoch()?.beginning == .fresh)
                #expect(Set(await Self.codes(engine)) == [nil])
                #expect(try await engine.take("whole", limit: Self.limit, cost: 10) == .granted)

                _ = try await fixture.client.send(RedisCommand("FLUSHALL"))
                #expect(Set(await Self.codes(engine)) == [.unavailable])
                // A worker that lived has no share either: this Redis is there, it only knows nothing.
                let error = await #expect(throws: ThrottlingError.self) { try await engine.take("a", limit: Self.limit, cost: 1) }
                #expect(error?.code == .unavailable)

                #expect(try await engine.begin(.afterLoss(quotasAreSpent: false)))
                // What was granted before is unknown, so limits start as spent; slow enough for any machine.
                let slow = RateLimit(perSecond: 0.001, burst: 5)
                guard case .denied = try await engine.take("slow", limit: slow, cost: 1) else {
                    Issue.record("a limit started unused after a loss")
                    return
                }
                guard case .granted = try await engine.reserve(account: Self.account, recipients: 1, quota: 10) else {
                    Issue.record("the quota counts as spent")
                    return
                }
                #expect(try await engine.claim(Self.claim) == [.claimed])
            }
        }
    }

    @Test func quotasCanStartAsSpentToo() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.run(Self.configuration(server)) { fixture in
                let engine = fixture.engines[0]
                #expect(try await engine.begin(.afterLoss(quotasAreSpent: true)))
                #expect(try await engine.reserve(account: Self.account, recipients: 1, quota: 10) == .exceeded(used: 10))
                guard case .granted = try await engine.reserve(account: Self.account, recipients: 1, quota: nil) else {
                    Issue.record("an account without a quota is held")
                    return
                }
            }
        }
    }

    @Test func whileItIsAwayALiveWorkerHasItsShareOfTheRates() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.run(Self.configuration(server), engines: 2) { fixture in
                let (old, new) = (fixture.engines[0], fixture.engines[1])
                _ = try await old.begin(.fresh)
                for name in ["one", "two"] { try await old.heartbeat(WorkerID(name), summary: []) }
                _ = try await new.used(account: Self.account)
                try await server.kill()
                // The newly started one has none.
                #expect(Set(await Self.codes(new)) == [.unavailable])
                // Everything but rates is unavailable to the old one as well; that ends with a leave, so it comes last.
                let fast = RateLimit(perSecond: 100_000, burst: 100_000)
                guard case .denied(let wait) = try await old.take("slow", limit: RateLimit(perSecond: 0.001, burst: 5), cost: 1) else {
                    Issue.record("the share does not start spent")
                    return
                }
                // Half of one in a thousand seconds.
                #expect(wait > .seconds(1000) && wait <= .seconds(2000))
                let answer = try await eventually(within: .seconds(60), "a token of the share") {
                    try await old.take("fast", limit: fast, cost: 1) == .granted ? true : nil
                }
                #expect(answer)
                #expect(Set(await Self.codes(old, rates: false)) == [.unavailable])

                try await server.resume()
                // It came back empty.
                _ = try await eventually(within: .seconds(60), "the connection") { try? await old.epoch() == nil ? true : nil }
                let error = await #expect(throws: ThrottlingError.self) { try await old.take("fast", limit: fast, cost: 1) }
                #expect(error?.code == .unavailable)
            }
        }
    }

    @Test func whatIsGivenBackWhileItIsAwayIsGivenBackLater() async throws {
        try await RedisServer.with { server in
            var configuration = Self.configuration(server)
            configuration.commandTimeout = .seconds(2)
            configuration.stallTimeout = .seconds(600)
            try await RedisFixture.run(configuration, engines: 2) { fixture in
                let (engine, other) = (fixture.engines[0], fixture.engines[1])
                _ = try await engine.begin(.fresh)
                try await engine.heartbeat(WorkerID("w"), summary: [])
                #expect(try await engine.claim(Self.claim) == [.claimed])
                // Not carried out: the server refuses to write.
                _ = try await fixture.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
                let error = await #expect(throws: ThrottlingError.self) { try await engine.release(Self.claim) }
                #expect(error?.code == .unavailable)
                _ = try await fixture.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
                var theirs = Self.claim
                theirs.owner = WorkerID("v")
                #expect(try await other.claim(theirs) == [.heldByLivingOwner])
                let claim = theirs
                let answer = try await eventually(within: .seconds(60), "the claim") {
                    try await engine.heartbeat(WorkerID("w"), summary: [])
                    let answers = try await other.claim(claim)
                    return answers == [.claimed] ? answers : nil
                }
                #expect(answer == [.claimed])
            }
        }
    }

    @Test func aClaimWhoseAnswerWasLostIsNotLostItself() async throws {
        try await RedisServer.with { server in
            var configuration = Self.configuration(server)
            configuration.connections = 1
            configuration.commandTimeout = .seconds(2)
            configuration.stallTimeout = .seconds(600)
            try await RedisFixture.run(configuration) { fixture in
                let engine = fixture.engines[0]
                func patiently<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
                    try await eventually(within: .seconds(60), "an answer") { try? await body() }
                }
                _ = try await patiently { try await engine.begin(.fresh) }
                try await patiently { try await engine.heartbeat(WorkerID("w"), summary: []) }
                server.freeze()
                let error = await #expect(throws: ThrottlingError.self) { try await engine.claim(Self.claim) }
                #expect(error?.code == .unavailable)
                server.thaw()
                // It was carried out when the server went on; the second claim is the same owner's, and gets it.
                let answers = try await patiently { try await engine.claim(Self.claim) }
                #expect(answers == [.claimed])
                try await patiently { try await engine.heartbeat(WorkerID("w"), summary: []) }
                // For others it is held as ever.
                var theirs = Self.claim
                theirs.owner = WorkerID("v")
                let claim = theirs
                #expect(try await patiently { try await engine.claim(claim) } == [.heldByLivingOwner])
            }
        }
    }
}
