import ApusCore
import Backends
import ControlPlane
import EmbeddedBackends
import Foundation
import MailMessage
import Testing

@Suite struct ControlPlaneTests {
    // MARK: accounts and keys

    @Test func accountsHaveUniqueNamesAndIDs() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        #expect(account.maximumSendRate == 1000 && account.maximum24HourSend == nil && account.sendingEnabled)
        #expect(fixture.controlPlane.account(account.id) == account)
        #expect(fixture.controlPlane.account(named: "acme") == account)
        #expect(fixture.controlPlane.account(named: "ACME") == nil)
        let error = await #expect(throws: ControlPlaneError.self) { try await fixture.controlPlane.createAccount(name: "acme") }
        #expect(error?.code == .alreadyExists)
        #expect(try await fixture.controlPlane.ensureAccount(named: "acme") == account)
        let other = try await fixture.controlPlane.ensureAccount(named: "beta")
        #expect(other.id != account.id)
        #expect(fixture.controlPlane.accounts() == [account, other])
    }

    @Test(arguments: ["", " ", "a b", "a/b", "ä", String(repeating: "a", count: 65), "a\0b", "a\nb"])
    func hostileAccountNamesAreRefused(name: String) async throws {
        let fixture = try await ControlPlaneFixture()
        let error = await #expect(throws: ControlPlaneError.self) { try await fixture.controlPlane.createAccount(name: name) }
        #expect(error?.code == .invalid)
    }

    @Test func oneOfManyCreatorsWins() async throws {
        let fixture = try await ControlPlaneFixture()
        let other = try await fixture.second()
        let codes = await withTaskGroup(of: ControlPlaneError.Code?.self) { group in
            for index in 0..<20 {
                group.addTask {
                    do {
                        try await (index % 2 == 0 ? other : fixture.controlPlane).createAccount(name: "acme")
                        return nil
                    } catch {
                        return (error as? ControlPlaneError)?.code ?? .unavailable
                    }
                }
            }
            return await group.reduce(into: [ControlPlaneError.Code?]()) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 1)
        #expect(codes.filter { $0 == .alreadyExists }.count == 19)
    }

    @Test func accountsCanBeChanged() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let changed = try await fixture.controlPlane.updateAccount(account.id) { account in
            account.sendingEnabled = false
            account.maximum24HourSend = 50
            account.maximumSendRate = 1.5
        }
        #expect(fixture.controlPlane.account(account.id) == changed)
        #expect(changed.maximum24HourSend == 50 && !changed.sendingEnabled && changed.maximumSendRate == 1.5)
        for rate in [0, -1, .infinity, .nan] as [Double] {
            await #expect(throws: ControlPlaneError.self) {
                try await fixture.controlPlane.updateAccount(account.id) { $0.maximumSendRate = rate }
            }
        }
    }

    @Test func accessKeysHaveTheFormOfAWSAndTheirSecretIsSealed() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let key = try await fixture.controlPlane.createAccessKey(account: account.id)
        #expect(key.id.utf8.count == 20 && key.id.hasPrefix("AKIA"))
        #expect(key.id.dropFirst(4).allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".contains($0) })
        #expect(key.secret.utf8.count == 40)
        #expect(key.secret.allSatisfy { $0 == "+" || $0 == "/" || ($0.isASCII && ($0.isLetter || $0.isNumber)) })
        let found = try #require(fixture.controlPlane.accessKey(id: key.id))
        #expect(found.secret == key.secret && found.account == account.id && found.isActive)
        #expect(!"\(key)".contains(key.secret) && !String(reflecting: key).contains(key.secret))
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains(key.secret))
        // Nothing in the store gives the secret away.
        let entry = try #require(try await fixture.store.get(StateKey(collection: "access-key", scope: "", name: key.id)))
        #expect(!String(decoding: entry.value, as: UTF8.self).contains(key.secret))
        #expect(!String(decoding: entry.value, as: UTF8.self).contains(Data(key.secret.utf8).base64EncodedString().dropLast(4)))
        try await fixture.controlPlane.setAccessKey(id: key.id, isActive: false)
        #expect(fixture.controlPlane.accessKey(id: key.id)?.isActive == false)
        try await fixture.controlPlane.deleteAccessKey(id: key.id)
        #expect(fixture.controlPlane.accessKey(id: key.id) == nil)
        let error = await #expect(throws: ControlPlaneError.self) { try await fixture.controlPlane.deleteAccessKey(id: key.id) }
        #expect(error?.code == .notFound)
    }

    @Test func anUnknownAccountGetsNoKey() async throws {
        let fixture = try await ControlPlaneFixture()
        let unknown = try #require(AccountID("999999999999"))
        let error = await #expect(throws: ControlPlaneError.self) { _ = try await fixture.controlPlane.createAccessKey(account: unknown) }
        #expect(error?.code == .notFound)
    }

    @Test func aStoreSealedWithAnotherMasterKeyIsNotLoaded() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        _ = try await fixture.controlPlane.createAccessKey(account: account.id)
        let wrong = try ControlPlaneFixture.make(fixture.store, keys: Data(repeating: 9, count: 32).base64EncodedString())
        let error = await #expect(throws: ControlPlaneError.self) { try await wrong.load() }
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("master key") == true)
    }

    // MARK: following

    @Test(.timeLimit(.minutes(2))) func anotherProcessSeesWritesByTheFeed() async throws {
        let fixture = try await ControlPlaneFixture()
        let other = try await fixture.second()
        let run = Task { try await other.run() }
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let key = try await fixture.controlPlane.createAccessKey(account: account.id)
        try await eventually { other.accessKey(id: key.id) != nil }
        #expect(other.account(named: "acme") == account)
        try await fixture.controlPlane.deleteAccessKey(id: key.id)
        try await eventually { other.accessKey(id: key.id) == nil }
        run.cancel()
        try await run.value
    }

    @Test func concurrentWritersLeaveTheSameCopyEverywhere() async throws {
        let fixture = try await ControlPlaneFixture()
        let other = try await fixture.second()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                group.addTask {
                    let plane = index % 2 == 0 ? other : fixture.controlPlane
                    let name = "set-\(index % 5)"
                    if index % 3 == 0 {
                        try? await plane.deleteConfigurationSet(name, account: account.id)
                    } else {
                        try? await plane.createConfigurationSet(
                            ConfigurationSet(account: account.id, name: name, createdAt: UnixMilliseconds(Int64(index)))
                        )
                    }
                }
            }
        }
        // A write brings a copy up to date.
        for plane in [other, fixture.controlPlane] { _ = try await plane.createAccessKey(account: account.id) }
        let stored = try await fixture.controlPlane.listConfigurationSets(account: account.id, after: nil, limit: 100)
        for index in 0..<5 {
            let expected = stored.first { $0.name == "set-\(index)" }
            #expect(other.configurationSet("set-\(index)", account: account.id) == expected)
            #expect(fixture.controlPlane.configurationSet("set-\(index)", account: account.id) == expected)
        }
    }

    // MARK: configuration sets

    @Test func configurationSetsAreKeptAsGiven() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let set = ConfigurationSet(
            account: account.id, name: "news_1-A", createdAt: UnixMilliseconds(5), sendingEnabled: false, reputationMetricsEnabled: false,
            tlsPolicy: .require, maxDeliverySeconds: 300, sendingPool: "pool-1", suppressedReasons: [.bounce],
            tracking: .init(customRedirectDomain: "t.example.com", httpsPolicy: .requireOpenOnly), tags: [ResourceTag(key: "k", value: "v")]
        )
        try await fixture.controlPlane.createConfigurationSet(set)
        #expect(fixture.controlPlane.configurationSet("news_1-A", account: account.id) == set)
        #expect(try await fixture.second().configurationSet("news_1-A", account: account.id) == set)
        #expect(fixture.controlPlane.configurationSet("NEWS_1-A", account: account.id) == nil)
        let duplicate = await #expect(throws: ControlPlaneError.self) { try await fixture.controlPlane.createConfigurationSet(set) }
        #expect(duplicate?.code == .alreadyExists)
        #expect(duplicate?.message == "Configuration set <news_1-A> already exists.")
        try await fixture.controlPlane.updateConfigurationSet("news_1-A", account: account.id) { $0.sendingEnabled = true }
        #expect(fixture.controlPlane.configurationSet("news_1-A", account: account.id)?.sendingEnabled == true)
        try await fixture.controlPlane.deleteConfigurationSet("news_1-A", account: account.id)
        let missing = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.deleteConfigurationSet("news_1-A", account: account.id)
        }
        #expect(missing?.code == .notFound)
        #expect(missing?.message == "Configuration set <news_1-A> does not exist.")
    }

    @Test(arguments: ["", "a b", "a.b", "ä", "a/b", "../x", "a\0", String(repeating: "a", count: 65), "a\r\nb"])
    func hostileConfigurationSetNamesAreRefused(name: String) async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let error = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.createConfigurationSet(ConfigurationSet(account: account.id, name: name, createdAt: UnixMilliseconds(0)))
        }
        #expect(error?.code == .invalid)
        #expect(error.map { !"\($0)".contains(name) || name.isEmpty } == true)
        let missing = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.deleteConfigurationSet(name, account: account.id)
        }
        #expect(missing?.code == .notFound)
    }

    @Test func valuesOutOfRangeAreRefused() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let base = ConfigurationSet(account: account.id, name: "a", createdAt: UnixMilliseconds(0))
        let changes: [(inout ConfigurationSet) -> Void] = [
            { $0.maxDeliverySeconds = 299 }, { $0.maxDeliverySeconds = 50_401 }, { $0.sendingPool = "" }, { $0.sendingPool = "a b" },
            { $0.tracking = .init(customRedirectDomain: "") }, { $0.tracking = .init(customRedirectDomain: "not a domain") },
            { $0.tags = [ResourceTag(key: "", value: "")] }, { $0.tags = [ResourceTag(key: "a", value: ""), ResourceTag(key: "a", value: "")] },
            { $0.tags = [ResourceTag(key: String(repeating: "k", count: 129), value: "")] },
            { $0.tags = [ResourceTag(key: "k", value: String(repeating: "v", count: 257))] },
            { $0.tags = (0...50).map { ResourceTag(key: "\($0)", value: "") } },
        ]
        for change in changes {
            var set = base
            change(&set)
            await #expect(throws: ControlPlaneError.self) { try await fixture.controlPlane.createConfigurationSet(set) }
        }
        #expect(fixture.controlPlane.configurationSet("a", account: account.id) == nil)
    }

    @Test func pagesAreCompleteAndInOrder() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let other = try await fixture.controlPlane.createAccount(name: "beta")
        for name in ["c", "a", "B", "d"] {
            try await fixture.controlPlane.createConfigurationSet(ConfigurationSet(account: account.id, name: name, createdAt: UnixMilliseconds(0)))
            try await fixture.controlPlane.createIdentity(name: "\(name)@x.org", account: other.id)
        }
        var names: [String] = []
        while case let page = try await fixture.controlPlane.listConfigurationSets(account: account.id, after: names.last, limit: 3), !page.isEmpty {
            names += page.map(\.name)
        }
        #expect(names == ["B", "a", "c", "d"])
        #expect(try await fixture.controlPlane.listIdentities(account: other.id, after: "a@x.org", limit: 1).map(\.name) == ["c@x.org"])
        #expect(try await fixture.controlPlane.listIdentities(account: account.id, after: nil, limit: 10).isEmpty)
    }
}
