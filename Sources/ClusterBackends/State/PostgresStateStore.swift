internal import ApusCore
package import Backends
package import PostgresClient
internal import Synchronization

/// The state store of a cluster, in a schema of its own in a PostgreSQL database. Any number of processes use it at once.
///
/// **Order.** Every write first updates the one row of the table `feed`, which gives it its positions, and PostgreSQL holds the row for it
/// until the commit can be seen by everybody. So writes commit in the order of their positions, and a reader who sees a change sees all
/// before it: a follower skips none. (A sequence gives numbers in the order of asking, and a transaction that asked first may commit last.
/// Reading only below the oldest transaction still open would also be right, but then one long transaction anywhere in the server, a dump
/// for example, holds up every follower.) The price is that writes go one after the other, an exchange and a sync each; positions have no
/// gaps, since one that is rolled back gives its positions back.
///
/// **Following.** A write tells its position on a channel of the database; a process listens on a connection of its own, and looks by
/// itself once a second while somebody waits, so that a lost notification or a pooler that passes none on costs a second.
///
/// **Away.** When PostgreSQL cannot be reached, calls fail with ``StateError/Code/unavailable``: at once while connecting is refused,
/// within the time limits of the ``PostgresConfiguration`` when it does not answer. Nothing needs to be done when it is back. A write
/// that fails so may have been carried out, and its error says when that is unknown.
///
/// **An older copy.** After a restore, or a failover that lost commits, a follower who is ahead of the feed gets
/// ``StateError/Code/positionGone`` and lists everything again. One that asks only after new writes have passed its position cannot be
/// told apart: restart the processes after a restore.
package final class PostgresStateStore: StateStore {
    /// What a store can be told.
    package struct Configuration: Sendable {
        package var postgres: PostgresConfiguration
        /// The schema, created when it does not exist; at most 50 bytes.
        package var schema: String
        /// How long the feed keeps a change, at least; followers who missed it list everything again. Old ones go a lot at a time, with
        /// every 256th write.
        package var keptFor: Duration
        /// How many changes the feed keeps at most, whatever their age, and some lots more.
        package var keptChanges: Int
        /// How often a process looks by itself for changes that others may have made.
        package var lookInterval: Duration

        package init(
            postgres: PostgresConfiguration, schema: String = "apus_state", keptFor: Duration = .seconds(86_400), keptChanges: Int = 1_000_000,
            lookInterval: Duration = .seconds(1)
        ) {
            self.postgres = postgres
            self.schema = schema
            self.keptFor = keptFor
            self.keptChanges = keptChanges
            self.lookInterval = lookInterval
        }
    }

    private let configuration: Configuration
    private let client: PostgresClient
    private let statements: PostgresStateStatements
    private let waiters: ChangeWaiters
    private let subscription: PostgresSubscription
    private let isClosed = Mutex(false)
    private let look: FeedLook

    /// How its client does.
    package var status: PostgresStatus { self.client.status }

    /// Connects, and brings the schema to its newest version.
    ///
    /// - Throws: ``PostgresSchemaError`` for a schema of a newer program, ``StateError`` otherwise.
    package static func open(_ configuration: Configuration) async throws -> PostgresStateStore {
        let client: PostgresClient
        do {
            client = try PostgresClient(configuration.postgres)
        } catch {
            throw StateError(.unavailable, error.message, cause: error)
        }
        let schema = PostgresSchema.state(configuration.schema)
        let statements = PostgresStateStatements(schema: schema)
        do {
            // A channel's name may have 63 bytes.
            guard (1...50).contains(configuration.schema.utf8.count) else {
                throw PostgresError(.configuration, "the schema's name must have 1 to 50 bytes")
            }
            try await schema.migrate(client)
            let latest = try await client.run(statements.latest(), isRepeatable: true).integer(0, 0)
            return PostgresStateStore(configuration, client: client, statements: statements, latest: latest)
        } catch {
            await client.close()
            throw Self.translated(error, "the state store cannot be opened")
        }
    }

    private init(_ configuration: Configuration, client: PostgresClient, statements: PostgresStateStatements, latest: Int64) {
        self.configuration = configuration
        self.client = client
        self.statements = statements
        let waiters = ChangeWaiters(latest: latest)
        self.waiters = waiters
        let look = FeedLook(every: configuration.lookInterval)
        self.look = look
        self.subscription = client.subscribe(to: statements.channel) { event in
            switch event {
            case .notified(let notification):
                if let position = Int64(notification.payload) { waiters.advance(to: position) }
            case .listening:
                // Something may have been said before.
                look.hasten()
                waiters.wakeAll()
            case .interrupted: break
            }
        }
    }

    package func get(_ key: StateKey) async throws -> StateEntry? {
        try await self.read(self.statements.get(StateKeyBytes(key))) { result in
            guard result.rowCount > 0 else { return nil }
            return StateEntry(key: key, value: try result.bytes(0, 0), version: try result.integer(0, 1))
        }
    }

    package func list(collection: String, scope: String?, after: StateKey?, limit: Int) async throws -> [StateEntry] {
        let statement = self.statements.list(
            collection: collection, scope: scope, after: after.map { StateKeyBytes($0) }, limit: Int64(min(max(limit, 1), 1000)))
        return try await self.read(statement) { result in
            try (0..<result.rowCount).map { row in
                let key = StateKey(collection: collection, scope: try result.text(row, 0), name: try result.text(row, 1))
                return StateEntry(key: key, value: try result.bytes(row, 2), version: try result.integer(row, 3))
            }
        }
    }

    @discardableResult
    package func write(_ mutations: [StateMutation]) async throws -> [StateEntry?] {
        for (index, mutation) in mutations.enumerated() { try mutation.checkLimits(index: index) }
        guard !mutations.isEmpty else { return [] }
        try self.checkOpen()
        let keys = mutations.map { StateKeyBytes($0.key) }
        let distinct = Array(Set(keys))
        do {
            let (entries, latest) = try await self.client.withTransaction { transaction in
                let found = try await transaction.run([
                    self.statements.takePositions(mutations.count), self.statements.versions(of: distinct),
                ])
                guard found[0].rowCount == 1 else { throw StateError(.unavailable, "the table feed of the state store has lost its row") }
                let latest = try found[0].integer(0, 0)
                var versions: [StateKeyBytes: Int64] = [:]
                for row in 0..<found[1].rowCount {
                    versions[distinct[Int(try found[1].integer(row, 0)) - 1]] = try found[1].integer(row, 1)
                }
                let first = latest - Int64(mutations.count) + 1
                let plan = try StatePlan(mutations, versions: versions, first: first)
                try await transaction.commit(self.last(plan, keys: keys, first: first, latest: latest))
                return (plan.entries, latest)
            }
            self.waiters.advance(to: latest)
            return entries
        } catch {
            throw Self.translated(error, "the write failed")
        }
    }

    /// The writes after a position. A page ends early above 16 MB of values; the feed's end is an empty page.
    package func changes(after position: Int64, limit: Int) async throws -> [StateChange] {
        let mark = self.waiters.mark
        let statement = self.statements.changes(after: position, limit: Int64(min(max(limit, 1), 1000)))
        return try await self.read(statement) { result in
            guard result.rowCount > 0 else { throw StateError(.unavailable, "the table feed of the state store has lost its row") }
            let latest = try result.integer(0, 0)
            let trimmed = try result.integer(0, 1)
            guard position >= trimmed else { throw StateError(.positionGone, "changes up to \(trimmed) are no longer kept") }
            if latest <= position { self.waiters.correct(to: latest, since: mark) }
            guard position <= latest else {
                throw StateError(.positionGone, "the feed ends at \(latest), before the position asked for: the store is an older copy")
            }
            guard !result.isNull(0, 2) else { return [] }
            return try (0..<result.rowCount).map { row in
                let key = StateKey(collection: try result.text(row, 3), scope: try result.text(row, 4), name: try result.text(row, 5))
                let entry =
                    result.isNull(row, 6)
                    ? nil : StateEntry(key: key, value: try result.bytes(row, 7), version: try result.integer(row, 6))
                return StateChange(position: try result.integer(row, 2), key: key, entry: entry)
            }
        }
    }

    package func latestPosition() async throws -> Int64 {
        try await self.read(self.statements.latest()) { result in
            guard result.rowCount > 0 else { throw StateError(.unavailable, "the table feed of the state store has lost its row") }
            return try result.integer(0, 0)
        }
    }

    package func waitForChange(after position: Int64, timeout: Duration) async throws {
        let clock = ContinuousClock()
        let end = clock.now + timeout
        while true {
            try self.checkOpen()
            if self.waiters.isPast(position) { return }
            let pause = min(end, self.look.due) - clock.now
            if pause > .zero {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await self.waiters.wait(past: position) }
                    group.addTask { try? await Task.sleep(for: pause) }
                    await group.next()
                    group.cancelAll()
                }
            }
            try Task.checkCancellation()
            try self.checkOpen()
            if self.waiters.isPast(position) || clock.now >= end { return }
            // One of those who wait looks for all of them.
            if self.look.take() { self.waiters.advance(to: try await self.latestPosition()) }
        }
    }

    package func close() async {
        let wasClosed = self.isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        self.waiters.close()
        self.subscription.cancel()
        await self.client.close()
    }
}

extension PostgresStateStore {
    /// The statements that carry a plan out.
    private func last(_ plan: StatePlan, keys: [StateKeyBytes], first: Int64, latest: Int64) -> [PostgresStatement] {
        var statements: [PostgresStatement] = []
        let deletions = plan.deletions
        if !deletions.isEmpty { statements.append(self.statements.delete(deletions)) }
        statements += self.statements.put(plan.puts)
        statements.append(self.statements.record(keys, first: first))
        if latest / 256 != (first - 1) / 256 {
            statements.append(
                self.statements.trim(
                    limit: max(1024, 4 * keys.count), keptMilliseconds: self.configuration.keptFor.milliseconds,
                    through: latest - Int64(self.configuration.keptChanges)))
        }
        statements.append(self.statements.notify(latest))
        return statements
    }

    private func read<Value: Sendable>(_ statement: PostgresStatement, _ body: (PostgresResult) throws -> Value) async throws -> Value {
        try self.checkOpen()
        do {
            return try body(await self.client.run(statement, isRepeatable: true))
        } catch {
            throw Self.translated(error, "the read failed")
        }
    }

    private func checkOpen() throws {
        guard !self.isClosed.withLock({ $0 }) else { throw StateError(.closed, "the state store is closed") }
    }

    private static func translated(_ error: any Error, _ message: String) -> any Error {
        guard let error = error as? PostgresError else { return error }
        if error.code == .closed { return StateError(.closed, "the state store is closed") }
        return StateError(.unavailable, "\(message): \(error)", cause: error)
    }
}
