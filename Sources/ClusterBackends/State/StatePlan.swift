internal import Backends

/// What a write comes to, once it is known which of its documents exist: preconditions checked, versions given, one outcome per document.
struct StatePlan {
    /// As the protocol returns them.
    private(set) var entries: [StateEntry?] = []
    private var current: [StateKeyBytes: Int64]
    /// The last word on each key, nil for its deletion.
    private var outcomes: [StateKeyBytes: StateEntry?] = [:]

    /// - Parameters:
    ///   - versions: of the documents that exist.
    ///   - first: the position of the first mutation's change; the others follow.
    /// - Throws: ``StateError`` of the first mutation whose precondition does not hold.
    init(_ mutations: [StateMutation], versions: [StateKeyBytes: Int64], first: Int64) throws(StateError) {
        self.current = versions
        for (index, mutation) in mutations.enumerated() {
            try self.apply(mutation, index: index, position: first + Int64(index))
        }
    }

    var puts: [(key: StateKeyBytes, value: [UInt8], version: Int64)] {
        self.outcomes.compactMap { key, entry in entry.map { (key, $0.value, $0.version) } }
    }

    var deletions: [StateKeyBytes] {
        self.outcomes.compactMap { key, entry in entry == nil ? key : nil }
    }

    private mutating func apply(_ mutation: StateMutation, index: Int, position: Int64) throws(StateError) {
        let collection = mutation.key.collection
        let key = StateKeyBytes(mutation.key)
        let version = self.current[key]
        switch mutation {
        case .create:
            guard version == nil else { throw StateError(.alreadyExists, "the \(collection) exists", mutationIndex: index) }
        case .update(_, _, let expected), .delete(_, let expected):
            guard let version else { throw StateError(.notFound, "the \(collection) does not exist", mutationIndex: index) }
            if let expected, expected != version {
                throw StateError(.conflict, "the \(collection) has changed", mutationIndex: index)
            }
        case .put: break
        }
        switch mutation {
        case .delete:
            self.current[key] = nil
            self.outcomes[key] = .some(nil)
            self.entries.append(nil)
        case .create(_, let value), .update(_, let value, _), .put(_, let value):
            let entry = StateEntry(key: mutation.key, value: value, version: position)
            self.current[key] = position
            self.outcomes[key] = entry
            self.entries.append(entry)
        }
    }
}
