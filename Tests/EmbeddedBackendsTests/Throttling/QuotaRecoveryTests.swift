import ApusCore
import Backends
import EmbeddedBackends
import Foundation
import Testing

@Suite struct QuotaRecoveryTests {
    private let account = AccountID("123456789012")!
    private let other = AccountID("210987654321")!

    @Test func aKillForgetsNothingGranted() async throws {
        let fixture = try EngineFixture()
        for _ in 0..<50 { _ = try await fixture.engine.reserve(account: self.account, recipients: 3, quota: nil) }
        guard case .granted(let last) = try await fixture.engine.reserve(account: self.other, recipients: 7, quota: 7) else {
            Issue.record("not granted")
            return
        }
        let killed = try fixture.afterKill()
        #expect(try await killed.engine.used(account: self.account) == 150)
        #expect(try await killed.engine.reserve(account: self.other, recipients: 1, quota: 7) == .exceeded(used: 7))
        // A refund is kept as well.
        try await fixture.engine.refund(last)
        #expect(try await fixture.afterKill().engine.used(account: self.other) == 0)
        await fixture.engine.close()
        await killed.engine.close()
    }

    /// A record that is cut anywhere is as if it were not there, and the ones before it count.
    @Test func aRecordCutShortIsDroppedAndNoOther() async throws {
        let fixture = try EngineFixture()
        for count in [1, 10, 100] { _ = try await fixture.engine.reserve(account: self.account, recipients: count, quota: nil) }
        let name = try #require(try fixture.folder.names().last { $0.hasPrefix("quota-") })
        let bytes = try Data(contentsOf: URL(filePath: "\(fixture.folder.path)/\(name)"))
        let record = 33
        for cut in 1..<record {
            let killed = try fixture.afterKill { try bytes.dropLast(cut).write(to: URL(filePath: "\($0)/\(name)")) }
            #expect(try await killed.engine.used(account: self.account) == 11)
            // And what is granted from here on is found again.
            _ = try await killed.engine.reserve(account: self.account, recipients: 1000, quota: nil)
            let again = try killed.afterKill()
            #expect(try await again.engine.used(account: self.account) == 1011)
            await killed.engine.close()
            await again.engine.close()
        }
        let garbled = try fixture.afterKill { folder in
            var changed = bytes
            changed[changed.count - 1] ^= 1
            try changed.write(to: URL(filePath: "\(folder)/\(name)"))
        }
        #expect(try await garbled.engine.used(account: self.account) == 11)
        await garbled.engine.close()
        await fixture.engine.close()
    }

    @Test func theLogStaysSmallAndTheCountStays() async throws {
        let fixture = try EngineFixture(.init(quotaSegmentBytes: 2000))
        for _ in 0..<1000 {
            fixture.clock.advance(.seconds(70))
            _ = try await fixture.engine.reserve(account: self.account, recipients: 2, quota: nil)
        }
        let used = try await fixture.engine.used(account: self.account)
        #expect(used == 2000)
        await fixture.engine.close()
        let files = try fixture.folder.names().filter { $0.hasPrefix("quota-") }
        #expect(files.count <= 3, "\(files)")
        let again = try fixture.afterKill()
        #expect(try await again.engine.used(account: self.account) == used)
        // A day later nothing counts any more.
        again.clock.advance(.seconds(86_460))
        #expect(try await again.engine.used(account: self.account) == 0)
        await again.engine.close()
    }

    @Test func aClosedEngineGrantsNothing() async throws {
        let fixture = try EngineFixture()
        await fixture.engine.close()
        await fixture.engine.close()
        let error = await #expect(throws: ThrottlingError.self) {
            _ = try await fixture.engine.reserve(account: self.account, recipients: 1, quota: nil)
        }
        #expect(error?.code == .closed)
        #expect(try await fixture.engine.used(account: self.account) == 0)
    }

    @Test func filesAreForTheirOwnerOnly() async throws {
        let fixture = try EngineFixture()
        _ = try await fixture.engine.reserve(account: self.account, recipients: 1, quota: nil)
        let names = try fixture.folder.names()
        #expect(names.count == 2)
        for name in names { #expect(try fixture.folder.mode(name) == 0o600) }
        await fixture.engine.close()
    }
}
