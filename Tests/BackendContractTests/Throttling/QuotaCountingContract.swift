import ApusCore
import Backends
import Testing

/// What every ``QuotaCounting`` guarantees.
@Suite struct QuotaCountingContract {
    private static let account = AccountID("123456789012")!
    private static let other = AccountID("000000000001")!

    @Test(arguments: ThrottlingImplementation.allCases) func countsUpToTheQuota(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, clocks in
            guard case .granted(let first) = try await engine.reserve(account: Self.account, recipients: 6, quota: 10) else {
                Issue.record("not granted")
                return
            }
            #expect(first.recipients == 6 && first.account == Self.account)
            #expect(try await engine.reserve(account: Self.account, recipients: 5, quota: 10) == .exceeded(used: 6))
            #expect(try await engine.used(account: Self.account) == 6)
            #expect(try await engine.used(account: Self.other) == 0)
            try await engine.refund(first)
            #expect(try await engine.used(account: Self.account) == 0)
            guard case .granted = try await engine.reserve(account: Self.account, recipients: 10, quota: 10) else {
                Issue.record("not granted after the refund")
                return
            }
            clocks.advance(.seconds(86_399))
            #expect(try await engine.reserve(account: Self.account, recipients: 1, quota: 10) == .exceeded(used: 10))
            clocks.advance(.seconds(61))
            #expect(try await engine.used(account: Self.account) == 0)
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func unlimitedIsCountedAllTheSame(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            for _ in 0..<10 { _ = try await engine.reserve(account: Self.account, recipients: 50, quota: nil) }
            #expect(try await engine.used(account: Self.account) == 500)
            #expect(try await engine.reserve(account: Self.account, recipients: 1, quota: 100) == .exceeded(used: 500))
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func manyAtOnceNeverExceedIt(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        if case .granted = try await engine.reserve(account: Self.account, recipients: 3, quota: 100) { true } else { false }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(granted == 33)
            #expect(try await engine.used(account: Self.account) == 99)
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases, [0, -1, Int.min, Int.max])
    func nonsenseIsRefused(on implementation: ThrottlingImplementation, recipients: Int) async throws {
        try await implementation.withEngine { engine, _ in
            await #expect(throws: ThrottlingError.self) {
                _ = try await engine.reserve(account: Self.account, recipients: recipients, quota: nil)
            }
            let used = try await engine.used(account: Self.account)
            #expect(used == 0)
        }
    }
}
