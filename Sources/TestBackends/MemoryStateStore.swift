package import Backends
internal import Synchronization

/// A state store in memory, for tests: the whole contract but durability, without waiting for changes of others.
package final class MemoryStateStore: StateStore {
    private struct State {
        var entries: [StateKey: StateEntry] = [:]
        var changes: [(position: Int64, key: StateKey)] = []
        var position: Int64 = 0
        var failure: StateError?
    }

    private let state = Mutex(State())

    package init() {}

    /// Makes every write fail with this error, until nil is given.
    package func failWrites(with error: StateError?) {
        self.state.withLock { $0.failure = error }
    }

    package func get(_ key: StateKey) async throws -> StateEntry? {
        self.state.withLock { $0.entries[key] }
    }

    package func list(collection: String, scope: String?, after: StateKey?, limit: Int) async throws -> [StateEntry] {
        let entries = self.state.withLock { state in
            state.entries.values.filter { $0.key.collection == collection && (scope == nil || $0.key.scope == scope) }
        }
        return Array(
            entries.sorted { Self.precedes($0.key, $1.key) }
                .filter { entry in after.map { Self.precedes($0, entry.key) } ?? true }
                .prefix(limit))
    }

    @discardableResult
    package func write(_ mutations: [StateMutation]) async throws -> [StateEntry?] {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            var entries = state.entries
            var written: [StateEntry?] = []
            for (index, mutation) in mutations.enumerated() {
                written.append(try Self.apply(mutation, to: &entries, index: index))
            }
            state.entries = entries
            for mutation in mutations {
                state.position += 1
                state.changes.append((state.position, mutation.key))
            }
            return written
        }
    }

    package func changes(after position: Int64, limit: Int) async throws -> [StateChange] {
        self.state.withLock { state in
            state.changes.filter { $0.position > position }.prefix(limit).map { change in
                StateChange(position: change.position, key: change.key, entry: state.entries[change.key])
            }
        }
    }

    package func latestPosition() async throws -> Int64 {
        self.state.withLock { $0.position }
    }

    package func waitForChange(after position: Int64, timeout: Duration) async throws {
        try await Task.sleep(for: timeout)
    }

    package func close() async {}

    private static func apply(_ mutation: StateMutation, to entries: inout [StateKey: StateEntry], index: Int) throws -> StateEntry? {
        let old = entries[mutation.key]
        switch mutation {
        case .create(let key, let value):
            guard old == nil else { throw StateError(.alreadyExists, "exists", mutationIndex: index) }
            entries[key] = StateEntry(key: key, value: value, version: 1)
        case .update(let key, let value, let expected):
            guard let old else { throw StateError(.notFound, "missing", mutationIndex: index) }
            guard expected == nil || expected == old.version else { throw StateError(.conflict, "version", mutationIndex: index) }
            entries[key] = StateEntry(key: key, value: value, version: old.version + 1)
        case .put(let key, let value):
            entries[key] = StateEntry(key: key, value: value, version: (old?.version ?? 0) + 1)
        case .delete(let key, let expected):
            guard let old else { throw StateError(.notFound, "missing", mutationIndex: index) }
            guard expected == nil || expected == old.version else { throw StateError(.conflict, "version", mutationIndex: index) }
            entries[key] = nil
        }
        return entries[mutation.key]
    }

    private static func precedes(_ lhs: StateKey, _ rhs: StateKey) -> Bool {
        if lhs.scope != rhs.scope { return lhs.scope.utf8.lexicographicallyPrecedes(rhs.scope.utf8) }
        return lhs.name.utf8.lexicographicallyPrecedes(rhs.name.utf8)
    }
}
