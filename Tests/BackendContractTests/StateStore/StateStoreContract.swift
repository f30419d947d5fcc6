import Backends
import Testing

/// What every ``StateStore`` guarantees.
@Suite struct StateStoreContract {
    private static func key(_ name: String, scope: String = "s", collection: String = "c") -> StateKey {
        StateKey(collection: collection, scope: scope, name: name)
    }

    @Test(arguments: StateStoreImplementation.allCases) func readsWhatWasWritten(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            #expect(try await store.get(Self.key("a")) == nil)
            let written = try await store.write([.create(Self.key("a"), value: [1, 2, 3])])
            #expect(written.count == 1)
            #expect(written[0]?.value == [1, 2, 3])
            #expect(try await store.get(Self.key("a")) == written[0])
            #expect(try await store.get(Self.key("a", scope: "t")) == nil)
            #expect(try await store.get(Self.key("a", collection: "d")) == nil)
            let updated = try await store.write([.update(Self.key("a"), value: [], expecting: written[0]?.version)])
            #expect(try #require(updated[0]?.version) > #require(written[0]?.version))
            #expect(try await store.get(Self.key("a"))?.value == [])
            #expect(try await store.write([.delete(Self.key("a"), expecting: updated[0]?.version)]) == [nil])
            #expect(try await store.get(Self.key("a")) == nil)
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func preconditionsAreChecked(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            let version = try await store.write([.create(Self.key("a"), value: [1])])[0]?.version ?? 0
            let cases: [(StateMutation, StateError.Code)] = [
                (.create(Self.key("a"), value: [2]), .alreadyExists), (.update(Self.key("b"), value: [2], expecting: nil), .notFound),
                (.update(Self.key("a"), value: [2], expecting: version + 1), .conflict),
                (.update(Self.key("a"), value: [2], expecting: version - 1), .conflict), (.delete(Self.key("b"), expecting: nil), .notFound),
                (.delete(Self.key("a"), expecting: version + 1), .conflict),
                (.put(Self.key(String(repeating: "n", count: 513)), value: []), .tooLarge),
                (.put(Self.key("big"), value: [UInt8](repeating: 0, count: StateEntry.maximumBytes + 1)), .tooLarge),
            ]
            for (mutation, code) in cases {
                let error = await #expect(throws: StateError.self) {
                    try await store.write([.put(Self.key("other"), value: [9]), mutation])
                }
                #expect(error?.code == code)
                #expect(error?.mutationIndex == 1)
            }
            // None of the writes that failed left anything behind.
            #expect(try await store.get(Self.key("other")) == nil)
            #expect(try await store.get(Self.key("a"))?.value == [1])
            #expect(try await store.changes(after: 0, limit: 100).count == 1)
            try await store.write([.put(Self.key(String(repeating: "n", count: 512)), value: [UInt8](repeating: 0, count: StateEntry.maximumBytes))])
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func laterMutationsSeeEarlierOnes(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            let entries = try await store.write([
                .create(Self.key("a"), value: [1]), .update(Self.key("a"), value: [2], expecting: nil), .delete(Self.key("a"), expecting: nil),
                .create(Self.key("a"), value: [3]),
            ])
            #expect(entries.map { $0?.value } == [[1], [2], nil, [3]])
            #expect(try await store.get(Self.key("a"))?.value == [3])
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func pagesAreInByteOrderAndComplete(on implementation: StateStoreImplementation) async throws
    {
        try await implementation.withStore { store in
            // Names in which the order of bytes, of characters and of a locale differ, and some that are equal to Unicode and not in bytes.
            let names = ["B", "a", "Z", "é", "e\u{301}", "\u{10348}", "\u{ffff}", "a/b", "a\0b", "a\0", "%", "_", "'; DROP TABLE document; --", " "]
            for name in names { try await store.write([.create(Self.key(name), value: Array(name.utf8))]) }
            try await store.write([.create(Self.key("x", scope: "t"), value: []), .create(Self.key("x", collection: "d"), value: [])])
            let expected = names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            for limit in [1, 3, 1000] {
                var found: [String] = []
                var after: StateKey?
                repeat {
                    let page = try await store.list(collection: "c", scope: "s", after: after, limit: limit)
                    #expect(page.count <= limit)
                    #expect(page.allSatisfy { $0.value == Array($0.key.name.utf8) })
                    found += page.map(\.key.name)
                    after = page.last?.key
                } while after != nil
                #expect(found.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
            }
            let all = try await store.list(collection: "c", scope: nil, after: nil, limit: 1000)
            #expect(all.count == names.count + 1)
            #expect(all.last?.key == Self.key("x", scope: "t"))
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func theFeedNamesEveryWriteInOrder(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            #expect(try await store.latestPosition() == 0)
            #expect(try await store.changes(after: 0, limit: 10) == [])
            try await store.write([.create(Self.key("a"), value: [1]), .create(Self.key("b"), value: [2])])
            try await store.write([.update(Self.key("a"), value: [3], expecting: nil), .delete(Self.key("b"), expecting: nil)])
            let changes = try await store.changes(after: 0, limit: 10)
            #expect(changes.map(\.key.name) == ["a", "b", "a", "b"])
            #expect(zip(changes, changes.dropFirst()).allSatisfy { $0.position < $1.position })
            // Entries are as they are now.
            #expect(changes.map { $0.entry?.value } == [[3], nil, [3], nil])
            #expect(try await store.latestPosition() == changes.last?.position)
            #expect(try await store.changes(after: changes[1].position, limit: 1).map(\.position) == [changes[2].position])
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func oneOfManyCreatorsWins(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            let results = await withTaskGroup(of: StateError.Code?.self) { group in
                for index in 0..<32 {
                    group.addTask {
                        do {
                            try await store.write([.create(Self.key("a"), value: [UInt8(index)]), .create(Self.key("own-\(index)"), value: [])])
                            return nil
                        } catch {
                            return (error as? StateError)?.code ?? .unavailable
                        }
                    }
                }
                return await group.reduce(into: [StateError.Code?]()) { $0.append($1) }
            }
            #expect(results.filter { $0 == nil }.count == 1)
            #expect(results.filter { $0 == .alreadyExists }.count == 31)
            let left = try await store.list(collection: "c", scope: "s", after: nil, limit: 100)
            #expect(left.count == 2)
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func compareAndSetLosesNoUpdate(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            try await store.write([.create(Self.key("n"), value: [0])])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<10 {
                            while true {
                                let entry = try #require(try await store.get(Self.key("n")))
                                do {
                                    try await store.write([.update(Self.key("n"), value: [entry.value[0] + 1], expecting: entry.version)])
                                    break
                                } catch let error as StateError where error.code == .conflict {
                                    continue
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.get(Self.key("n"))?.value == [80])
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: StateStoreImplementation.allCases)
    func aWriteWakesThoseWhoWait(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            try await store.write([.put(Self.key("a"), value: [])])
            let position = try await store.latestPosition()
            // What is there already is not waited for.
            try await store.waitForChange(after: position - 1, timeout: .seconds(3600))
            async let waits: Void = withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { try await store.waitForChange(after: position, timeout: .seconds(3600)) } }
                try await group.waitForAll()
            }
            try await store.write([.put(Self.key("b"), value: [])])
            try await waits
            // The time's end is no error.
            try await store.waitForChange(after: position + 100, timeout: .milliseconds(5))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: StateStoreImplementation.allCases)
    func cancellationEndsAWait(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            let task = Task { try await store.waitForChange(after: 100, timeout: .seconds(3600)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test(arguments: StateStoreImplementation.allCases) func aClosedStoreSaysSo(on implementation: StateStoreImplementation) async throws {
        try await implementation.withStore { store in
            await store.close()
            await store.close()
            let read = await #expect(throws: StateError.self) { try await store.get(Self.key("a")) }
            let write = await #expect(throws: StateError.self) { try await store.write([.put(Self.key("a"), value: [])]) }
            let wait = await #expect(throws: StateError.self) { try await store.waitForChange(after: 0, timeout: .seconds(3600)) }
            #expect([read?.code, write?.code, wait?.code] == [.closed, .closed, .closed])
        }
    }
}
