package import Backends
internal import Foundation
internal import GRDB
internal import Glibc
internal import Synchronization

/// The state store of one node: an SQLite database in write-ahead mode, every commit synced.
///
/// One process has the database (``DataFolder`` sees to that), so those who wait for a change are woken by the write itself. Writes
/// are serial, on GRDB's writer queue; reads run beside them on a few reader connections.
package final class SQLiteStateStore: StateStore {
    /// What a store can be told.
    package struct Configuration: Hashable, Sendable {
        /// How many changes the feed keeps; older ones are gone, and followers who missed them list everything again.
        package var keptChanges: Int
        /// Reader connections.
        package var readers: Int

        package init(keptChanges: Int = 100_000, readers: Int = 4) {
            self.keptChanges = keptChanges
            self.readers = readers
        }
    }

    private let pool: DatabasePool
    private let configuration: Configuration
    private let waiters: ChangeWaiters
    private let isClosed = Mutex(false)

    /// Opens `state.sqlite` in a folder, creating it when it does not exist.
    ///
    /// - Throws: ``StateSchemaError`` for a database of a newer program, ``StateError`` otherwise.
    package init(folder: String, configuration: Configuration = .init()) throws {
        let path = "\(folder)/state.sqlite"
        self.configuration = configuration
        do {
            // SQLite gives its other files the mode of this one, and would itself create it for all to read.
            _ = try DiskFile(path, O_RDWR | O_CREAT)
            var settings = GRDB.Configuration()
            settings.maximumReaderCount = configuration.readers
            settings.busyMode = .timeout(10)
            self.pool = try DatabasePool(path: path, configuration: settings)
            try self.pool.writeWithoutTransaction { database in
                // Opening a pool sets NORMAL on its one writer, which would sync at checkpoints only.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try StateSchema.migrate(database, path: path)
            }
            self.waiters = ChangeWaiters(latest: try self.pool.read(Self.latest))
            try DiskFile.synchronizeDirectory(folder)
        } catch let error as StateSchemaError {
            throw error
        } catch {
            throw StateError(.unavailable, "\(path) cannot be opened", cause: error)
        }
    }

    package func get(_ key: StateKey) async throws -> StateEntry? {
        try await self.read { try Self.entry($0, key) }
    }

    package func list(collection: String, scope: String?, after: StateKey?, limit: Int) async throws -> [StateEntry] {
        try await self.read { database in
            var sql = "SELECT scope, name, value, version FROM document WHERE collection = ?"
            var arguments: [any DatabaseValueConvertible] = [Data(collection.utf8)]
            if let scope {
                sql += " AND scope = ?"
                arguments.append(Data(scope.utf8))
            }
            if let after {
                sql += " AND (scope, name) > (?, ?)"
                arguments += [Data(after.scope.utf8), Data(after.name.utf8)]
            }
            sql += " ORDER BY scope, name LIMIT ?"
            arguments.append(min(max(limit, 1), 1000))
            let rows = try Row.fetchCursor(database, sql: sql, arguments: StatementArguments(arguments))
            var entries: [StateEntry] = []
            while let row = try rows.next() {
                let key = StateKey(collection: collection, scope: Self.text(row[0]), name: Self.text(row[1]))
                entries.append(StateEntry(key: key, value: [UInt8](row[2] as Data), version: row[3]))
            }
            return entries
        }
    }

    @discardableResult
    package func write(_ mutations: [StateMutation]) async throws -> [StateEntry?] {
        for (index, mutation) in mutations.enumerated() { try mutation.checkLimits(index: index) }
        guard !mutations.isEmpty else { return [] }
        try self.checkOpen()
        let kept = self.configuration.keptChanges
        do {
            let (entries, latest) = try await self.pool.write { database in
                var entries: [StateEntry?] = []
                var latest: Int64 = 0
                for (index, mutation) in mutations.enumerated() {
                    let (entry, position) = try Self.apply(mutation, index: index, database)
                    entries.append(entry)
                    latest = position
                }
                try Self.trim(database, latest: latest, written: Int64(mutations.count), kept: Int64(kept))
                return (entries, latest)
            }
            self.waiters.advance(to: latest)
            return entries
        } catch {
            throw Self.translated(error, "the write failed")
        }
    }

    /// The writes after a position. A page ends early above 16 MB of values; the feed's end is an empty page.
    package func changes(after position: Int64, limit: Int) async throws -> [StateChange] {
        try await self.read { database in
            let trimmed = try Int64.fetchOne(database, sql: "SELECT position FROM trimmed") ?? 0
            guard position >= trimmed else {
                throw StateError(.positionGone, "changes up to \(trimmed) are no longer kept")
            }
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT c.position, c.collection, c.scope, c.name, d.value, d.version FROM change c
                    LEFT JOIN document d ON d.collection = c.collection AND d.scope = c.scope AND d.name = c.name
                    WHERE c.position > ? ORDER BY c.position LIMIT ?
                    """,
                arguments: [position, min(max(limit, 1), 1000)]
            )
            var changes: [StateChange] = []
            var bytes = 0
            while bytes < 16 << 20, let row = try rows.next() {
                let key = StateKey(collection: Self.text(row[1]), scope: Self.text(row[2]), name: Self.text(row[3]))
                let value: Data? = row[4]
                let entry = value.map { StateEntry(key: key, value: [UInt8]($0), version: row[5]) }
                bytes += value?.count ?? 0
                changes.append(StateChange(position: row[0], key: key, entry: entry))
            }
            return changes
        }
    }

    package func latestPosition() async throws -> Int64 {
        try await self.read(Self.latest)
    }

    package func waitForChange(after position: Int64, timeout: Duration) async throws {
        try self.checkOpen()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waiters.wait(past: position) }
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
        try self.checkOpen()
    }

    /// How SQLite is really set, for tests and diagnosis.
    ///
    /// - Parameter name: a pragma that reads, such as `synchronous`.
    package func pragma(_ name: String) async throws -> String? {
        precondition(name.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x5f }, "a pragma's name is a word")
        do {
            return try await self.pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
        } catch {
            throw Self.translated(error, "the read failed")
        }
    }

    package func close() async {
        let wasClosed = self.isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        self.waiters.close()
        // A barrier behind every access under way, off the cooperative pool; closing itself cannot fail then.
        try? await self.pool.barrierWriteWithoutTransaction { _ in }
        try? self.pool.close()
    }
}

extension SQLiteStateStore {
    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try self.checkOpen()
        do {
            return try await self.pool.read(body)
        } catch {
            throw Self.translated(error, "the read failed")
        }
    }

    private func checkOpen() throws {
        guard !self.isClosed.withLock({ $0 }) else { throw StateError(.closed, "the state store is closed") }
    }

    private static func translated(_ error: any Error, _ message: String) -> any Error {
        if error is StateError || error is CancellationError { return error }
        return StateError(.unavailable, message, cause: error)
    }

    /// - Returns: the entry as written, nil for a deletion, and the position of its change.
    private static func apply(_ mutation: StateMutation, index: Int, _ database: Database) throws -> (StateEntry?, Int64) {
        let key = mutation.key
        let current = try Row.fetchOne(
            database, sql: "SELECT id, version FROM document WHERE collection = ? AND scope = ? AND name = ?", arguments: Self.arguments(key)
        ).map { (id: $0[0] as Int64, version: $0[1] as Int64) }
        switch mutation {
        case .create:
            guard current == nil else { throw StateError(.alreadyExists, "the \(key.collection) exists", mutationIndex: index) }
        case .update(_, _, let expected), .delete(_, let expected):
            guard let current else { throw StateError(.notFound, "the \(key.collection) does not exist", mutationIndex: index) }
            if let expected, expected != current.version {
                throw StateError(.conflict, "the \(key.collection) has changed", mutationIndex: index)
            }
        case .put: break
        }
        try database.execute(
            sql: "INSERT INTO change (collection, scope, name) VALUES (?, ?, ?)", arguments: Self.arguments(key)
        )
        let version = database.lastInsertedRowID
        switch mutation {
        case .delete:
            try database.execute(sql: "DELETE FROM document WHERE id = ?", arguments: [current?.id])
            return (nil, version)
        case .create(_, let value), .update(_, let value, _), .put(_, let value):
            if let current {
                try database.execute(
                    sql: "UPDATE document SET value = ?, version = ? WHERE id = ?", arguments: [Data(value), version, current.id]
                )
            } else {
                try database.execute(
                    sql: "INSERT INTO document (collection, scope, name, value, version) VALUES (?, ?, ?, ?, ?)",
                    arguments: Self.arguments(key) + [Data(value), version]
                )
            }
            return (StateEntry(key: key, value: value, version: version), version)
        }
    }

    /// Lets old changes go, in one sweep for every 256 writes.
    private static func trim(_ database: Database, latest: Int64, written: Int64, kept: Int64) throws {
        let first = latest - kept
        guard first > 0, latest / 256 != (latest - written) / 256 else { return }
        try database.execute(sql: "DELETE FROM change WHERE position <= ?", arguments: [first])
        try database.execute(sql: "UPDATE trimmed SET position = ?", arguments: [first])
    }

    private static func latest(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT max(position) FROM change") ?? 0
    }

    private static func entry(_ database: Database, _ key: StateKey) throws -> StateEntry? {
        try Row.fetchOne(
            database, sql: "SELECT value, version FROM document WHERE collection = ? AND scope = ? AND name = ?",
            arguments: Self.arguments(key)
        ).map { StateEntry(key: key, value: [UInt8]($0[0] as Data), version: $0[1]) }
    }

    private static func arguments(_ key: StateKey) -> StatementArguments {
        [Data(key.collection.utf8), Data(key.scope.utf8), Data(key.name.utf8)]
    }

    private static func text(_ data: Data) -> String {
        String(decoding: data, as: UTF8.self)
    }
}
