import Backends
import EmbeddedBackends
import Foundation
import GRDB
import Testing

@Suite struct SQLiteStateStoreTests {
    private static func key(_ name: String) -> StateKey {
        StateKey(collection: "test", scope: "s", name: name)
    }

    @Test func whatWasWrittenIsThereAfterReopening() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path)
        let written = try await store.write([.create(Self.key("a"), value: [1, 2])])
        let position = try await store.latestPosition()
        await store.close()
        let again = try SQLiteStateStore(folder: temporary.path)
        #expect(try await again.get(Self.key("a")) == written[0])
        #expect(try await again.latestPosition() == position)
        await again.close()
    }

    @Test func filesAreForTheirOwnerOnly() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path)
        try await store.write([.put(Self.key("a"), value: [1])])
        let names = try temporary.names()
        #expect(names.contains("state.sqlite-wal"))
        for name in names { #expect(try temporary.mode(name) == 0o600, "\(name)") }
        await store.close()
    }

    /// The mode that makes a commit durable, as this database is really set.
    @Test func commitsAreSynced() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path)
        #expect(try await store.pragma("synchronous") == "2")
        #expect(try await store.pragma("journal_mode") == "wal")
        await store.close()
    }

    @Test func aNewerDatabaseIsRefusedWithBothVersions() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path)
        await store.close()
        let queue = try DatabaseQueue(path: "\(temporary.path)/state.sqlite")
        try await queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 4711") }
        try queue.close()
        let error = #expect(throws: StateSchemaError.self) { _ = try SQLiteStateStore(folder: temporary.path) }
        #expect(error?.found == 4711)
        #expect(error.map { "\($0)".contains("4711") && "\($0)".contains("up to \($0.known)") } == true)
    }

    @Test func aFileThatIsNoDatabaseIsRefused() throws {
        let temporary = try TemporaryFolder()
        try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: "\(temporary.path)/state.sqlite"))
        let error = #expect(throws: StateError.self) { _ = try SQLiteStateStore(folder: temporary.path) }
        #expect(error?.code == .unavailable)
    }

    @Test func oldChangesGoAndTheFeedSaysSo() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path, configuration: .init(keptChanges: 100))
        for index in 0..<600 { try await store.write([.put(Self.key("\(index)"), value: [0])]) }
        let error = await #expect(throws: StateError.self) { try await store.changes(after: 0, limit: 10) }
        #expect(error?.code == .positionGone)
        let latest = try await store.latestPosition()
        let kept = try await store.changes(after: latest - 100, limit: 1000)
        #expect(kept.map(\.position) == Array((latest - 99)...latest))
        await store.close()
    }

    @Test func aVersionGrowsOverDeletionToo() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path)
        let first = try await store.write([.create(Self.key("a"), value: [1])])[0]
        try await store.write([.delete(Self.key("a"), expecting: nil)])
        let second = try await store.write([.create(Self.key("a"), value: [2])])[0]
        #expect(try #require(second?.version) > #require(first?.version))
        let error = await #expect(throws: StateError.self) {
            try await store.write([.update(Self.key("a"), value: [3], expecting: first?.version)])
        }
        #expect(error?.code == .conflict)
        await store.close()
    }

    @Test func aCutOffPageOfLargeChangesGoesOn() async throws {
        let temporary = try TemporaryFolder()
        let store = try SQLiteStateStore(folder: temporary.path)
        let value = [UInt8](repeating: 7, count: StateEntry.maximumBytes)
        for index in 0..<20 { try await store.write([.put(Self.key("\(index)"), value: value)]) }
        var position: Int64 = 0
        var pages = 0
        var count = 0
        while case let page = try await store.changes(after: position, limit: 1000), let last = page.last {
            position = last.position
            count += page.count
            pages += 1
        }
        #expect(count == 20)
        #expect(pages == 2)
        await store.close()
    }
}
