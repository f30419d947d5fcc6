internal import ApusCore
internal import Backends
internal import Logging
internal import Synchronization

extension ControlPlane {
    /// Carries out mutations and brings the copy up to them.
    ///
    /// - Throws: ``StateError`` for preconditions, which the caller gives their meaning; ``ControlPlaneError`` otherwise.
    @discardableResult
    func write(_ mutations: [StateMutation]) async throws -> [StateEntry?] {
        let entries: [StateEntry?]
        do {
            entries = try await self.store.write(mutations)
        } catch let error as StateError {
            switch error.code {
            case .alreadyExists, .notFound, .conflict: throw error
            default: throw ControlPlaneError(.unavailable, "the state store cannot be written", cause: error)
            }
        }
        do {
            try await self.catchUp()
        } catch {
            // The write is done and must not be reported as failed; the copy follows when the feed can be read again.
            self.logger.error("the control plane cannot follow the state store", metadata: ["error": "\(error)"])
        }
        return entries
    }

    /// An entry, read from the store itself.
    func entry(_ key: StateKey) async throws -> StateEntry? {
        do {
            return try await self.store.get(key)
        } catch let error as StateError {
            throw ControlPlaneError(.unavailable, "the state store cannot be read", cause: error)
        }
    }

    /// Brings the copy up to the end of the change feed.
    ///
    /// Any number of tasks may do so at once: a batch is applied only by the first who comes back with it, because it fits only the
    /// position that it was read for. So changes are applied in order, and each at least once.
    func catchUp() async throws {
        while true {
            let (position, generation) = self.snapshot.withLock { ($0.position, $0.generation) }
            let changes: [StateChange]
            do {
                changes = try await self.store.changes(after: position, limit: 500)
            } catch let error as StateError where error.code == .positionGone {
                try await self.reload()
                continue
            }
            guard let last = changes.last else { return }
            var edits: [ControlPlaneEdit] = []
            edits.reserveCapacity(changes.count)
            for change in changes {
                do {
                    edits.append(try ControlPlaneEdit(change.key, change.entry, sealer: self.sealer))
                } catch {
                    // One bad document must not stop the feed: its old copy stays.
                    self.logger.error(
                        "a document cannot be read", metadata: ["collection": "\(change.key.collection)", "error": "\(error)"]
                    )
                }
            }
            self.snapshot.withLock { snapshot in
                guard snapshot.position == position, snapshot.generation == generation else { return }
                for edit in edits { snapshot.apply(edit) }
                snapshot.position = last.position
            }
        }
    }

    /// Reads everything anew.
    func reload() async throws {
        var fresh = ControlPlaneSnapshot()
        do {
            fresh.position = try await self.store.latestPosition()
            for collection in ControlPlaneEdit.collections {
                var after: StateKey?
                repeat {
                    let page = try await self.store.list(collection: collection, scope: nil, after: after, limit: 500)
                    for entry in page { fresh.apply(try ControlPlaneEdit(entry.key, entry, sealer: self.sealer)) }
                    after = page.last?.key
                } while after != nil
            }
        } catch let error as StateError {
            throw ControlPlaneError(.unavailable, "the state store cannot be read", cause: error)
        } catch let error as SealError {
            throw ControlPlaneError(.unreadable, error.message, cause: error)
        }
        self.snapshot.withLock { snapshot in
            guard fresh.position >= snapshot.position else { return }
            fresh.generation = snapshot.generation + 1
            snapshot = fresh
        }
    }

    /// Changes one document by reading, changing and writing it back, again when another writer comes between.
    ///
    /// - Parameters:
    ///   - key: the document.
    ///   - missing: what is thrown when it does not exist.
    ///   - change: makes the new bytes; nil for no change.
    func update(
        _ key: StateKey, missing: ControlPlaneError, change: (StateEntry) throws -> [UInt8]?
    ) async throws {
        for _ in 0..<8 {
            guard let entry = try await self.entry(key) else { throw missing }
            guard let value = try change(entry) else { return }
            do {
                try await self.write([.update(key, value: value, expecting: entry.version)])
                return
            } catch let error as StateError {
                switch error.code {
                case .conflict: continue
                case .notFound: throw missing
                default: throw error
                }
            }
        }
        throw ControlPlaneError(.conflict, "Another request changes the same resource. Try again.")
    }
}
