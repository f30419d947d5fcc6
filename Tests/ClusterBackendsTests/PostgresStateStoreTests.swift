import Backends
import ClusterBackends
import PostgresClient
import TestSupport
import Testing

@Suite struct PostgresStateStoreTests {
    typealias Fixture = PostgresStateFixture

    @Test func whatWasWrittenIsThereForOthersAndAfterReopening() async throws {
        try await Fixture.run { fixture in
            let store = try await fixture.open()
            let other = try await fixture.open()
            let written = try await store.write([.create(Fixture.key("a"), value: [1, 2])])
            #expect(try await other.get(Fixture.key("a")) == written[0])
            #expect(try await other.changes(after: 0, limit: 10).map(\.key) == [Fixture.key("a")])
            await store.close()
            await other.close()
            let again = try await fixture.open()
            #expect(try await again.get(Fixture.key("a")) == written[0])
            #expect(try await again.latestPosition() == written[0]?.version)
            await again.close()
        }
    }

    /// Whatever the schema's name is, it is a name and no SQL.
    @Test func aSchemasNameIsOnlyAName() async throws {
        let name = "Te\"st. \(TestDatabase.newSchemaName())"
        try await Fixture.run({ $0.schema = name }) { fixture in
            let store = try await fixture.open()
            try await store.write([.create(Fixture.key("a"), value: [1])])
            #expect(try await store.get(Fixture.key("a"))?.value == [1])
            await store.close()
            _ = try await fixture.client.run(PostgresStatement("DROP SCHEMA \(PostgresStatement.quoted(name)) CASCADE"))
        }
    }

    @Test func twentyStoresMigrateAtOnce() async throws {
        try await Fixture.run { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let store = try await fixture.open()
                        try await store.write([.create(Fixture.key("\(index)"), value: [])])
                        await store.close()
                    }
                }
                try await group.waitForAll()
            }
            let versions = try await fixture.client.run(PostgresStatement("SELECT version FROM \(fixture.schema).migration ORDER BY version"))
            #expect(try (0..<versions.rowCount).map { try versions.integer($0, 0) } == [1])
            let store = try await fixture.open()
            #expect(try await store.changes(after: 0, limit: 100).map(\.position) == Array(1...20))
            await store.close()
        }
    }

    @Test func aNewerSchemaIsRefusedWithBothVersions() async throws {
        try await Fixture.run { fixture in
            await (try await fixture.open()).close()
            _ = try await fixture.client.run(PostgresStatement("INSERT INTO \(fixture.schema).migration (version) VALUES (4711)"))
            let error = await #expect(throws: PostgresSchemaError.self) { try await fixture.open() }
            #expect(error?.found == 4711)
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("4711") && text.contains("up to \(error?.known ?? 0)") && text.contains(fixture.schema))
        }
    }

    /// A user who may use the schema and not make one.
    @Test func aSchemaMadeByTheOperatorIsEnough() async throws {
        guard TestDatabase.outside == nil else { return }
        let server = try await TestDatabase.server()
        let user = TestDatabase.newSchemaName()
        let database = try await server.newDatabase()
        try await Fixture.run(on: database) { fixture in
            for sql in [
                "CREATE ROLE \(user) LOGIN PASSWORD 'x'", "REVOKE ALL ON DATABASE \(database.split(separator: "/").last ?? "") FROM PUBLIC",
                "GRANT CONNECT ON DATABASE \(database.split(separator: "/").last ?? "") TO \(user)",
            ] { _ = try await fixture.client.run(PostgresStatement(sql)) }
            var configuration = fixture.configuration
            configuration.postgres.connectionString = database.replacing("\(PostgresServer.user):\(PostgresServer.password)", with: "\(user):x")
            let error = await #expect(throws: StateError.self) { try await PostgresStateStore.open(configuration) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("permission denied") == true)
            _ = try await fixture.client.run(PostgresStatement("CREATE SCHEMA \(fixture.schema) AUTHORIZATION \(user)"))
            let store = try await PostgresStateStore.open(configuration)
            try await store.write([.create(Fixture.key("a"), value: [])])
            await store.close()
        }
    }

    @Test func aWrongPasswordIsSaidWithoutIt() async throws {
        guard TestDatabase.outside == nil else { return }
        let secret = "not-the-pa55word"
        let uri = try await TestDatabase.server().uri(password: secret)
        let error = await #expect(throws: StateError.self) { try await PostgresStateStore.open(.init(postgres: PostgresConfiguration(uri))) }
        #expect(error?.code == .unavailable)
        let text = error.map { "\($0) \(String(reflecting: $0))" } ?? ""
        #expect(text.contains("password authentication failed"))
        #expect(!text.contains(secret))
    }

    @Test func oldChangesGoByNumberAndTheFeedSaysSo() async throws {
        try await Fixture.run({ $0.keptChanges = 100 }) { fixture in
            let store = try await fixture.open()
            for index in 0..<600 { try await store.write([.put(Fixture.key("\(index)"), value: [0])]) }
            let error = await #expect(throws: StateError.self) { try await store.changes(after: 0, limit: 10) }
            #expect(error?.code == .positionGone)
            let latest = try await store.latestPosition()
            let kept = try await store.changes(after: latest - 100, limit: 1000)
            #expect(kept.map(\.position) == Array((latest - 99)...latest))
            await store.close()
        }
    }

    @Test func oldChangesGoByAge() async throws {
        try await Fixture.run({ $0.keptFor = .zero }) { fixture in
            let store = try await fixture.open()
            for index in 0..<250 { try await store.write([.put(Fixture.key("\(index)"), value: [0])]) }
            #expect(try await store.changes(after: 0, limit: 1000).count == 250)
            try await store.write((0..<10).map { .put(Fixture.key("more \($0)"), value: [0]) })
            let error = await #expect(throws: StateError.self) { try await store.changes(after: 249, limit: 10) }
            #expect(error?.code == .positionGone)
            // What the sweeping write itself wrote is not old.
            #expect(try await store.changes(after: 250, limit: 1000).count == 10)
            await store.close()
        }
    }

    @Test func aFeedThatWentBackIsNoticed() async throws {
        try await Fixture.run { fixture in
            let store = try await fixture.open()
            for index in 0..<5 { try await store.write([.put(Fixture.key("\(index)"), value: [0])]) }
            // As a restore of an older copy would.
            _ = try await fixture.client.run([
                PostgresStatement("DELETE FROM \(fixture.schema).change WHERE position > 3"),
                PostgresStatement("UPDATE \(fixture.schema).feed SET latest = 3"),
            ])
            let error = await #expect(throws: StateError.self) { try await store.changes(after: 5, limit: 10) }
            #expect(error?.code == .positionGone)
            // Those who follow from its end wait, and do not go round and round for what is known of before.
            #expect(try await store.changes(after: 3, limit: 10) == [])
            let clock = ContinuousClock()
            let start = clock.now
            try await store.waitForChange(after: 3, timeout: .milliseconds(200))
            #expect(clock.now - start >= .milliseconds(200))
            await store.close()
        }
    }

    @Test func aVersionGrowsOverDeletionToo() async throws {
        try await Fixture.run { fixture in
            let store = try await fixture.open()
            let first = try await store.write([.create(Fixture.key("a"), value: [1])])[0]
            try await store.write([.delete(Fixture.key("a"), expecting: nil)])
            let second = try await store.write([.create(Fixture.key("a"), value: [2])])[0]
            #expect(try #require(second?.version) > #require(first?.version))
            let error = await #expect(throws: StateError.self) {
                try await store.write([.update(Fixture.key("a"), value: [3], expecting: first?.version)])
            }
            #expect(error?.code == .conflict)
            await store.close()
        }
    }

    @Test func largeWritesAndPagesOfThemGoThrough() async throws {
        try await Fixture.run { fixture in
            let store = try await fixture.open()
            let value = [UInt8](repeating: 7, count: StateEntry.maximumBytes)
            try await store.write((0..<20).map { .put(Fixture.key("\($0)"), value: value) })
            var position: Int64 = 0
            var pages = 0
            var count = 0
            while case let page = try await store.changes(after: position, limit: 1000), let last = page.last {
                position = last.position
                count += page.count
                pages += 1
                #expect(page.allSatisfy { $0.entry?.value.count == value.count })
            }
            #expect(count == 20)
            #expect(pages == 2)
            #expect(try await store.list(collection: "test", scope: "s", after: nil, limit: 1000).count == 20)
            await store.close()
        }
    }

    /// A page after another owner's key: none before it, all behind it.
    @Test func aPageMayBeginAtAnotherOwnersKey() async throws {
        try await Fixture.run { fixture in
            let store = try await fixture.open()
            try await store.write([.put(Fixture.key("a"), value: []), .put(Fixture.key("b"), value: [])])
            for (scope, count) in [("r", 2), ("t", 0)] {
                let after = StateKey(collection: "test", scope: scope, name: "a")
                #expect(try await store.list(collection: "test", scope: "s", after: after, limit: 10).count == count)
            }
            await store.close()
        }
    }
}
