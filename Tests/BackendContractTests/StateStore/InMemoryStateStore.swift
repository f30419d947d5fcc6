import Backends
import Synchronization

/// The guarantees of ``StateStore`` in their plainest form: the second implementation that the contract runs on, and the measure of
/// the first.
final class InMemoryStateStore: StateStore {
    /// A key by its bytes: strings that look alike are equal to Swift, and must not be here.
    private struct Bytes: Hashable {
        var parts: [[UInt8]]

        init(_ key: StateKey) {
            self.parts = [key.collection, key.scope, key.name].map { Array($0.utf8) }
        }
    }

    private struct State {
        var documents: [Bytes: StateEntry] = [:]
        var changes: [(position: Int64, key: StateKey)] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    func get(_ key: StateKey) async throws -> StateEntry? {
        try self.state.withLock { state in
            try Self.checkOpen(state)
            return state.documents[Bytes(key)]
        }
    }

    func list(collection: String, scope: String?, after: StateKey?, limit: Int) async throws -> [StateEntry] {
        try self.state.withLock { state in
            try Self.checkOpen(state)
            let sorted = state.documents.values
                .filter { $0.key.collection == collection && (scope == nil || $0.key.scope == scope) }
                .sorted { Self.isBefore($0.key, $1.key) }
            return Array(sorted.filter { entry in after.map { Self.isBefore($0, entry.key) } ?? true }.prefix(limit))
        }
    }

    func write(_ mutations: [StateMutation]) async throws -> [StateEntry?] {
        let (entries, waiters) = try self.state.withLock { state in
            try Self.checkOpen(state)
            var copy = state
            var entries: [StateEntry?] = []
            for (index, mutation) in mutations.enumerated() { entries.append(try Self.apply(mutation, index, &copy)) }
            copy.waiters = []
            let waiters = state.waiters
            state = copy
            return (entries, waiters)
        }
        for waiter in waiters { waiter.resume() }
        return entries
    }

    func changes(after position: Int64, limit: Int) async throws -> [StateChange] {
        try self.state.withLock { state in
            try Self.checkOpen(state)
            return state.changes.drop { $0.position <= position }.prefix(limit).map { change in
                StateChange(position: change.position, key: change.key, entry: state.documents[Bytes(change.key)])
            }
        }
    }

    func latestPosition() async throws -> Int64 {
        self.state.withLock { $0.changes.last?.position ?? 0 }
    }

    func waitForChange(after position: Int64, timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        while try await self.latestPosition() <= position, ContinuousClock.now < deadline {
            try self.state.withLock { try Self.checkOpen($0) }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    func close() async {
        self.state.withLock { $0.isClosed = true }
    }

    private static func checkOpen(_ state: borrowing State) throws {
        guard !state.isClosed else { throw StateError(.closed, "closed") }
    }

    private static func apply(_ mutation: StateMutation, _ index: Int, _ state: inout State) throws -> StateEntry? {
        let key = mutation.key
        guard (1...512).contains(key.name.utf8.count) else { throw StateError(.tooLarge, "name", mutationIndex: index) }
        let current = state.documents[Bytes(key)]
        let value: [UInt8]?
        switch mutation {
        case .create(_, let new):
            guard current == nil else { throw StateError(.alreadyExists, "exists", mutationIndex: index) }
            value = new
        case .update(_, let new, let expected):
            try Self.check(current, expected, index)
            value = new
        case .put(_, let new): value = new
        case .delete(_, let expected):
            try Self.check(current, expected, index)
            value = nil
        }
        guard value?.count ?? 0 <= StateEntry.maximumBytes else { throw StateError(.tooLarge, "value", mutationIndex: index) }
        let position = (state.changes.last?.position ?? 0) + 1
        state.changes.append((position, key))
        let entry = value.map { StateEntry(key: key, value: $0, version: position) }
        state.documents[Bytes(key)] = entry
        return entry
    }

    private static func check(_ current: StateEntry?, _ expected: Int64?, _ index: Int) throws {
        guard let current else { throw StateError(.notFound, "missing", mutationIndex: index) }
        guard expected == nil || expected == current.version else { throw StateError(.conflict, "changed", mutationIndex: index) }
    }

    private static func isBefore(_ left: StateKey, _ right: StateKey) -> Bool {
        let scopes = Array(left.scope.utf8), others = Array(right.scope.utf8)
        guard scopes == others else { return scopes.lexicographicallyPrecedes(others) }
        return Array(left.name.utf8).lexicographicallyPrecedes(Array(right.name.utf8))
    }
}
