import Backends
import ChildProcesses
import ClusterBackends
import PostgresClient
import TestSupport
import Testing

/// The change feed between processes: nothing is skipped, and it comes within a second.
@Suite struct PostgresFeedTests {
    typealias Fixture = PostgresStateFixture

    /// Follows until it has seen `count` changes.
    private static func follow(_ store: PostgresStateStore, until count: Int) async throws -> [StateChange] {
        var seen: [StateChange] = []
        var position: Int64 = 0
        while seen.count < count {
            try await store.waitForChange(after: position, timeout: .seconds(60))
            // Small pages, so that their ends fall between and amid transactions.
            let page = try await store.changes(after: position, limit: 7)
            seen += page
            position = page.last?.position ?? position
        }
        return seen
    }

    /// Waits for a position, through whatever happens to the server.
    private static func wait(_ store: PostgresStateStore, past position: Int64) async throws {
        var latest: Int64 = 0
        while latest <= position {
            do {
                try await store.waitForChange(after: position, timeout: .seconds(60))
                latest = try await store.latestPosition()
            } catch let error as StateError where error.code == .unavailable {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// Many writers in two stores, in transactions of different sizes and lengths; followers in both and in a third.
    @Test(.timeLimit(.minutes(2))) func noFollowerSkipsAChange() async throws {
        try await Fixture.run { fixture in
            let stores = [try await fixture.open(), try await fixture.open(), try await fixture.open()]
            let writers = 16
            let rounds = 30
            // Sizes 1, 2, 3, 4 in turn.
            let expected = (0..<writers).flatMap { writer in
                (0..<rounds).flatMap { round in (0...(round % 4)).map { "\(writer)/\(round)/\($0)" } }
            }
            let results = try await withThrowingTaskGroup(of: [StateChange].self) { group in
                for store in stores { group.addTask { try await Self.follow(store, until: expected.count) } }
                for writer in 0..<writers {
                    group.addTask {
                        let store = stores[writer % 2]
                        for round in 0..<rounds {
                            try await store.write((0...(round % 4)).map { .create(Fixture.key("\(writer)/\(round)/\($0)"), value: [1]) })
                            // One that fails leaves no gap that a follower would have to wait for.
                            _ = try? await store.write([.put(Fixture.key("never"), value: []), .delete(Fixture.key("missing"), expecting: nil)])
                        }
                        return []
                    }
                }
                return try await group.reduce(into: [[StateChange]]()) { if !$1.isEmpty { $0.append($1) } }
            }
            #expect(results.count == 3)
            for seen in results {
                #expect(seen.map(\.position) == Array(1...Int64(expected.count)))
                #expect(Set(seen.map(\.key.name)) == Set(expected))
            }
            for store in stores { await store.close() }
        }
    }

    /// A transaction that took its position and does not commit holds the others up, instead of being overtaken and skipped.
    @Test(.timeLimit(.minutes(1))) func aSlowTransactionIsNotOvertaken() async throws {
        try await Fixture.run { fixture in
            let store = try await fixture.open()
            let task = try await fixture.client.withSession { session in
                _ = try await session.run([PostgresStatement("BEGIN")])
                _ = try await session.run([
                    PostgresStatement("UPDATE \(fixture.schema).feed SET latest = latest + 1"),
                    PostgresStatement(
                        "INSERT INTO \(fixture.schema).change (position, collection, scope, name) VALUES (1, '\\x63', '\\x73', '\\x6e')"),
                ])
                let task = Task { try await store.write([.put(Fixture.key("late"), value: [])]) }
                // The write waits for the row.
                var isWaiting = false
                while !isWaiting {
                    isWaiting = try await fixture.client.run(
                        PostgresStatement(
                            "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.query LIKE $1",
                            [.text("%\(fixture.schema)%")])
                    ).boolean(0, 0)
                }
                #expect(try await store.changes(after: 0, limit: 10) == [])
                _ = try await session.run([PostgresStatement("COMMIT")])
                return task
            }
            #expect(try await task.value[0]?.version == 2)
            #expect(try await store.changes(after: 0, limit: 10).map(\.position) == [1, 2])
            await store.close()
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false]) func aChangeReachesAnotherProcessWithinASecond(hasNotifications: Bool) async throws {
        try await Fixture.run({ if hasNotifications { $0.lookInterval = .seconds(3600) } }) { fixture in
            let writer = try await fixture.open()
            let follower = try await fixture.open()
            let clock = ContinuousClock()
            var delays: [Duration] = []
            for index in 0..<5 {
                let position = try await follower.latestPosition()
                async let arrival: ContinuousClock.Instant = {
                    try await follower.waitForChange(after: position, timeout: .seconds(30))
                    return clock.now
                }()
                if hasNotifications {
                    try await writer.write([.put(Fixture.key("\(index)"), value: [])])
                } else {
                    // A write that nobody is told of.
                    _ = try await fixture.client.run([
                        PostgresStatement("UPDATE \(fixture.schema).feed SET latest = latest + 1"),
                        PostgresStatement(
                            "INSERT INTO \(fixture.schema).change (position, collection, scope, name) SELECT latest, '\\x63', '\\x73', '\\x6e' FROM \(fixture.schema).feed"
                        ),
                    ])
                }
                let end = clock.now
                delays.append(try await arrival - end)
                #expect(try await follower.changes(after: position, limit: 10).count == 1)
            }
            // On a busy machine one may be late for reasons of its own. Looking takes a second and the time of an exchange.
            #expect(delays.sorted()[2] < (hasNotifications ? .milliseconds(500) : .milliseconds(1200)), "\(delays)")
            await writer.close()
            await follower.close()
        }
    }

    /// Connections are cut all the time while writers write and a follower follows: whatever was answered is there once, in order.
    @Test(.timeLimit(.minutes(2))) func connectionsThatAreCutLoseNothing() async throws {
        try await Fixture.run({
            $0.postgres.connectionString += ($0.postgres.connectionString.contains("?") ? "&" : "?") + "application_name=cut_\($0.schema)"
        }) { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            let written = Guarded<Set<String>>([])
            let isDone = Guarded(false)
            let cuts = Guarded<Int64>(0)
            let seen = try await withThrowingTaskGroup(of: [StateChange].self) { group in
                group.addTask {
                    let cut = PostgresStatement(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'cut_\(fixture.schema)'")
                    while !isDone.withLock({ $0 }) {
                        let number = try await fixture.client.run(cut).integer(0, 0)
                        cuts.withLock { $0 += number }
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    return []
                }
                group.addTask {
                    var seen: [StateChange] = []
                    var position: Int64 = 0
                    while true {
                        let wasDone = isDone.withLock { $0 }
                        do {
                            if !wasDone { try await stores[1].waitForChange(after: position, timeout: .milliseconds(200)) }
                            let page = try await stores[1].changes(after: position, limit: 100)
                            seen += page
                            position = page.last?.position ?? position
                            if wasDone, page.isEmpty { return seen }
                        } catch let error as StateError where error.code == .unavailable {
                            continue
                        }
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for writer in 0..<8 {
                        writers.addTask {
                            for round in 0..<25 {
                                let name = "\(writer)/\(round)"
                                while true {
                                    do {
                                        try await stores[writer % 2].write([.create(Fixture.key(name), value: [1])])
                                    } catch let error as StateError where error.code == .unavailable {
                                        continue
                                    } catch let error as StateError where error.code == .alreadyExists {
                                        // The answer to the write before was cut off.
                                    }
                                    break
                                }
                                _ = written.withLock { $0.insert(name) }
                            }
                        }
                    }
                    try await writers.waitForAll()
                }
                isDone.withLock { $0 = true }
                return try await group.reduce(into: [StateChange]()) { $0 += $1 }
            }
            #expect(cuts.withLock { $0 } > 0)
            #expect(seen.map(\.position) == Array(1...200))
            #expect(Set(seen.map(\.key.name)) == written.withLock { $0 })
            for store in stores { await store.close() }
        }
    }

    /// The server is killed and comes back in the middle.
    @Test(.timeLimit(.minutes(2))) func aRestartIsSurvivedByWritersAndFollowers() async throws {
        let server = try await PostgresServer.start()
        try await Fixture.run(on: server.uri()) { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            let count = 300
            let seen = try await withThrowingTaskGroup(of: [StateChange].self) { group in
                group.addTask {
                    var seen: [StateChange] = []
                    var position: Int64 = 0
                    while seen.count < count {
                        do {
                            try await stores[1].waitForChange(after: position, timeout: .seconds(1))
                            let page = try await stores[1].changes(after: position, limit: 100)
                            seen += page
                            position = page.last?.position ?? position
                        } catch let error as StateError where error.code == .unavailable {
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                    return seen
                }
                group.addTask {
                    let clock = ContinuousClock()
                    for index in 0..<count {
                        while true {
                            let start = clock.now
                            do {
                                try await stores[0].write([.create(Fixture.key("\(index)"), value: [1])])
                            } catch let error as StateError where error.code == .unavailable {
                                // Away is said soon.
                                #expect(clock.now - start < .seconds(6))
                                try await Task.sleep(for: .milliseconds(5))
                                continue
                            } catch let error as StateError where error.code == .alreadyExists {}
                            break
                        }
                    }
                    return []
                }
                try await Self.wait(stores[1], past: 50)
                try await server.kill()
                try await server.resume()
                try await Self.wait(stores[1], past: 150)
                try await server.stop()
                try await server.resume()
                return try await group.reduce(into: [StateChange]()) { $0 += $1 }
            }
            #expect(seen.map(\.position) == Array(1...Int64(count)))
            #expect(seen.map(\.key.name) == (0..<count).map { "\($0)" })
            for store in stores { await store.close() }
        }
        try await server.stop()
    }

    /// Another's transaction holds the turn to write: the write gives up in its time, and the next one goes through.
    @Test(.timeLimit(.minutes(1))) func aWriteThatWaitsTooLongSaysSo() async throws {
        try await Fixture.run({ $0.postgres.statementTimeout = .milliseconds(300) }) { fixture in
            let store = try await fixture.open()
            try await fixture.client.withSession { session in
                _ = try await session.run([PostgresStatement("BEGIN")])
                _ = try await session.run([PostgresStatement("SELECT * FROM \(fixture.schema).feed FOR UPDATE")])
                let clock = ContinuousClock()
                let start = clock.now
                let error = await #expect(throws: StateError.self) { try await store.write([.put(Fixture.key("a"), value: [])]) }
                #expect(error?.code == .unavailable)
                #expect(clock.now - start < .seconds(5))
                _ = try await session.run([PostgresStatement("ROLLBACK")])
            }
            try await store.write([.put(Fixture.key("a"), value: [])])
            await store.close()
        }
    }
}
