import ApusCore
import Backends
import ControlPlane
import Testing

@Suite struct PoolTests {
    /// - Returns: the code of what was thrown.
    func failure(_ body: () async throws -> Void) async -> ControlPlaneError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ControlPlaneError)?.code
        }
    }

    @Test func poolsAreMadeListedAndKeptApart() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        let other = try await plane.createAccount(name: "other").id
        try await plane.createPool("shared", owner: nil)
        try await plane.createPool("own", owner: account, scalingMode: .managed)
        #expect(await self.failure { try await plane.createPool("own", owner: account) } == .alreadyExists)
        // The same name is another's to take.
        try await plane.createPool("own", owner: other)
        for name in ["", "a b", "default", String(repeating: "x", count: 65)] {
            #expect(await self.failure { try await plane.createPool(name, owner: nil) } == .invalid, "\(name)")
        }
        #expect(plane.pools(owner: nil).map(\.name) == ["shared"] && plane.pools(owner: account).map(\.name) == ["own"])
        #expect(try await plane.listPools(account: account, after: nil, limit: 10).map(\.name) == ["own"])
        #expect(plane.pool("own", account: account)?.scalingMode == .managed && plane.pool("own", account: other)?.scalingMode == .standard)
        // An account's own goes before the installation's.
        #expect(plane.pool("shared", account: account)?.owner == nil)
        try await plane.createPool("shared", owner: account)
        #expect(plane.pool("shared", account: account)?.owner == account && plane.pool("shared", account: other)?.owner == nil)
        // Another process sees the same.
        #expect(try await fixture.second().pools(owner: account).map(\.name) == ["own", "shared"])
    }

    @Test func poolsHaveQueues() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        #expect(plane.queues == ["default"] && plane.pools(ofQueue: "default") == ["default"])
        #expect(try plane.ownQueue(forPool: "News_2026") == "news-2026")
        try await plane.createPool("News_2026", owner: nil, queue: "news-2026")
        try await plane.createPool("beside", owner: account, queue: "news-2026")
        try await plane.createPool("plain", owner: account)
        #expect(plane.queues == ["default", "news-2026"])
        #expect(plane.pools(ofQueue: "news-2026") == ["News_2026", "beside"] && plane.pools(ofQueue: "default") == ["default", "plain"])
        #expect(plane.queues(ofPools: ["beside"]) == ["news-2026"] && plane.queues(ofPools: ["default", "nobody"]) == ["default"])
        // One's own is nobody else's, and not the one that all share.
        for name in ["news_2026", "Default", "a b"] {
            #expect(await self.failure { _ = try plane.ownQueue(forPool: name) } == .invalid, "\(name)")
        }
        for name in ["", "Upper", "a.b", "a_b", String(repeating: "x", count: 65)] {
            #expect(await self.failure { try await plane.createPool("new", owner: nil, queue: name) } == .invalid, "\(name)")
        }
        // Another process sees the same, and the queue outlives its pools.
        let second = try await fixture.second()
        #expect(second.queues == plane.queues && second.pool("beside", owner: account)?.queue == "news-2026")
        try await plane.deletePool("News_2026", owner: nil) { _ in false }
        try await plane.deletePool("beside", owner: account) { _ in false }
        #expect(plane.queues == ["default", "news-2026"] && plane.pools(ofQueue: "news-2026").isEmpty)
        #expect(try plane.ownQueue(forPool: "news-2026") == "news-2026")
        try await plane.createPool("news-2026", owner: nil, queue: "news-2026")
    }

    @Test func queuesAreBounded() async throws {
        let plane = try await ControlPlaneFixture(configuration: .init(domain: "apus.test", maximumPools: 100)).controlPlane
        for number in 1...ControlPlane.maximumQueues { try await plane.createPool("p\(number)", owner: nil, queue: "q\(number)") }
        #expect(await self.failure { try await plane.createPool("more", owner: nil, queue: "more") } == .limitExceeded)
        try await plane.createPool("more", owner: nil, queue: "q1")
    }

    @Test func poolsAreBounded() async throws {
        let fixture = try await ControlPlaneFixture(configuration: .init(domain: "apus.test", maximumPools: 1))
        let account = try await fixture.controlPlane.createAccount(name: "acme").id
        try await fixture.controlPlane.createPool("one", owner: account)
        #expect(await self.failure { try await fixture.controlPlane.createPool("two", owner: account) } == .limitExceeded)
        try await fixture.controlPlane.createPool("one", owner: nil)
    }

    @Test func anAddressIsInOnePool() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        for name in ["one", "two"] { try await plane.createPool(name, owner: nil) }
        let pool = try await plane.changeAddresses(
            ofPool: "one", owner: nil, adding: [.init(address: "192.0.2.1"), .init(address: "2001:DB8::1", weight: 5)], removing: [])
        #expect(pool.addresses == [.init(address: "192.0.2.1", weight: 1), .init(address: "2001:db8::1", weight: 5)])
        #expect(plane.pool("one", owner: nil)?.addresses == pool.addresses)
        // All or nothing.
        #expect(
            await self.failure {
                try await plane.changeAddresses(
                    ofPool: "two", owner: nil, adding: [.init(address: "192.0.2.9"), .init(address: "192.0.2.1")], removing: [])
            } == .alreadyExists)
        #expect(plane.pool("two", owner: nil)?.addresses == [])
        // Another weight is no other address; moved, it may be added there.
        try await plane.changeAddresses(ofPool: "one", owner: nil, adding: [.init(address: "192.0.2.1", weight: 0)], removing: ["2001:db8:0::1"])
        #expect(plane.pool("one", owner: nil)?.addresses == [.init(address: "192.0.2.1", weight: 0)])
        try await plane.changeAddresses(ofPool: "two", owner: nil, adding: [.init(address: "2001:db8::1")], removing: [])
        for (address, weight) in [("mx.example.com", 1), ("192.0.2.1:25", 1), ("", 1), ("192.0.2.7", 101), ("192.0.2.7", -1)] {
            #expect(
                await self.failure {
                    try await plane.changeAddresses(ofPool: "one", owner: nil, adding: [.init(address: address, weight: weight)], removing: [])
                } == .invalid)
        }
        #expect(await self.failure { try await plane.changeAddresses(ofPool: "one", owner: nil, adding: [], removing: ["192.0.2.8"]) } == .notFound)
        #expect(await self.failure { try await plane.changeAddresses(ofPool: "none", owner: nil, adding: [], removing: []) } == .notFound)
    }

    @Test func mailIsReroutedAndNotInARing() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        for name in ["a", "b", "c"] { try await plane.createPool(name, owner: nil) }
        try await plane.reroutePool("a", owner: nil, to: "b")
        try await plane.reroutePool("b", owner: nil, to: "c")
        #expect(plane.effectivePool("a", account: account)?.name == "c")
        for (from, to) in [("c", "a"), ("b", "a"), ("a", "a")] {
            #expect(await self.failure { try await plane.reroutePool(from, owner: nil, to: to) } == .invalid, "\(from) to \(to)")
        }
        #expect(await self.failure { try await plane.reroutePool("a", owner: nil, to: "none") } == .notFound)
        // What is the installation's does not lead into an account's pools.
        try await plane.createPool("c", owner: account)
        #expect(plane.effectivePool("a", account: account)?.owner == nil)
        try await plane.reroutePool("a", owner: nil, to: nil)
        #expect(plane.effectivePool("a", account: account)?.name == "a")
        #expect(plane.effectivePool("none", account: account) == nil)
    }

    @Test func aPoolWithMailIsNotDeleted() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        try await plane.createPool("own", owner: account)
        try await plane.changeAddresses(ofPool: "own", owner: account, adding: [.init(address: "192.0.2.1")], removing: [])
        #expect(await self.failure { try await plane.deletePool("own", owner: account) { _ in true } } == .conflict)
        // It goes on as before.
        #expect(plane.pool("own", owner: account)?.isDraining == false)
        // While it is counted nothing new is taken.
        try await plane.deletePool("own", owner: account) { pool in
            #expect(plane.pool("own", owner: account)?.isDraining == true && pool.name == "own")
            return false
        }
        #expect(plane.pool("own", owner: account) == nil)
        #expect(await self.failure { try await plane.deletePool("own", owner: account) { _ in false } } == .notFound)
        // Its address is free.
        try await plane.createPool("next", owner: nil)
        try await plane.changeAddresses(ofPool: "next", owner: nil, adding: [.init(address: "192.0.2.1")], removing: [])
    }

    @Test func aPoolInUseIsNotDeleted() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        try await plane.createPool("shared", owner: nil)
        try await plane.createConfigurationSet(
            ConfigurationSet(account: account, name: "set", createdAt: fixture.clock.now, sendingPool: "shared"))
        #expect(await self.failure { try await plane.deletePool("shared", owner: nil) { _ in false } } == .conflict)
        // The set means the account's own pool now.
        try await plane.createPool("shared", owner: account)
        try await plane.createPool("other", owner: nil)
        try await plane.reroutePool("other", owner: nil, to: "shared")
        #expect(await self.failure { try await plane.deletePool("shared", owner: nil) { _ in false } } == .conflict)
        try await plane.reroutePool("other", owner: nil, to: nil)
        try await plane.deletePool("shared", owner: nil) { _ in false }
        #expect(await self.failure { try await plane.deletePool("shared", owner: account) { _ in false } } == .conflict)
        try await plane.deleteConfigurationSet("set", account: account)
        try await plane.deletePool("shared", owner: account) { _ in false }
    }
}
