import ChildProcesses
import RedisClient
import TestSupport
import Testing

/// What the client does while a server is gone, silent or at its bounds.
@Suite struct RecoveryTests {
    @Test func aCutConnectionIsMadeAnew() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.withClient(RedisFixture.configuration(server, connections: 1)) { client in
                _ = try await client.send(RedisCommand("PING"))
                async let waiting = client.send(RedisCommand("BLPOP", "nothing", 0))
                _ = try await eventually(within: .seconds(60), "the command") { await client.status().commands == 1 ? true : nil }
                server.freeze()
                try await server.kill()
                do {
                    _ = try await waiting
                    Issue.record("an answer from a dead server")
                } catch let error as RedisError {
                    #expect(error.code == .connectionLost && error.mayHaveRun)
                }
                // It fails at once, long before the command's minute is over.
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == .unreachable && error?.mayHaveRun == false)
                try await server.resume()
                let answer = try await eventually(within: .seconds(60), "a connection") { try? await client.send(RedisCommand("PING")) }
                #expect(answer == .simple("PONG"))
                #expect(await client.status().connectionsMade == 2)
            }
        }
    }

    @Test func aSilentServerCostsTheTimeLimitAndItsLateAnswersAreDropped() async throws {
        try await RedisServer.with { server in
            var configuration = RedisFixture.configuration(server, connections: 1)
            configuration.stallTimeout = .seconds(600)
            try await RedisFixture.withClient(configuration) { client in
                _ = try await client.send(RedisCommand("SET", "a", "late"))
                server.freeze()
                let error = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("GET", "a"), within: .milliseconds(50))
                }
                #expect(error?.code == .timedOut && error?.mayHaveRun == true)
                // Its answer is still due, and takes up room.
                #expect(await client.status().commands == 1)
                server.thaw()
                #expect(try await client.send(RedisCommand("ECHO", "mine")).text == "mine")
                #expect(await client.status().commands == 0)
                #expect(await client.status().connectionsMade == 1)
            }
        }
    }

    @Test func aConnectionWithoutAnswersIsGivenUp() async throws {
        try await RedisServer.with { server in
            var configuration = RedisFixture.configuration(server, connections: 1)
            configuration.stallTimeout = .milliseconds(200)
            configuration.connectTimeout = .milliseconds(200)
            try await RedisFixture.withClient(configuration) { client in
                _ = try await client.send(RedisCommand("PING"))
                server.freeze()
                // Not by its own time limit of a minute.
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == .timedOut)
                server.thaw()
                _ = try await eventually(within: .seconds(60), "a connection") { try? await client.send(RedisCommand("PING")) }
                #expect(await client.status().connectionsMade >= 2)
            }
        }
    }

    @Test func aFullClientRefusesAtOnceAndDoesNotGrow() async throws {
        try await RedisServer.with { server in
            var configuration = RedisFixture.configuration(server, connections: 1)
            configuration.stallTimeout = .seconds(600)
            configuration.maximumCommands = 10
            try await RedisFixture.withClient(configuration) { client in
                _ = try await client.send(RedisCommand("PING"))
                server.freeze()
                let codes = Guarded<[RedisError.Code?]>([])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            let error = await #expect(throws: RedisError.self) {
                                try await client.send(RedisCommand("INCR", "n"), within: .milliseconds(100))
                            }
                            codes.withLock { $0.append(error?.code) }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(codes.withLock { $0 } == Array(repeating: .timedOut, count: 10))
                // Their time is over, their answers are due: still full.
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == .overloaded && error?.mayHaveRun == false)
                server.thaw()
                let answer = try await eventually(within: .seconds(60), "room") { try? await client.send(RedisCommand("GET", "n")) }
                #expect(answer.text == "10")
            }
        }
    }

    @Test func bytesAreBoundedToo() async throws {
        try await RedisServer.with { server in
            var configuration = RedisFixture.configuration(server, connections: 1)
            configuration.maximumCommandBytes = 1000
            try await RedisFixture.withClient(configuration) { client in
                // One alone may be larger.
                _ = try await client.send(RedisCommand("SET", "a", .bytes([UInt8](repeating: 1, count: 5000))))
                server.freeze()
                async let first = client.send(RedisCommand("SET", "a", .bytes([UInt8](repeating: 1, count: 900))))
                _ = try await eventually(within: .seconds(60), "the command") { await client.status().commands == 1 ? true : nil }
                let error = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("SET", "a", .bytes([UInt8](repeating: 1, count: 100))))
                }
                #expect(error?.code == .overloaded)
                server.thaw()
                #expect(try await first == .simple("OK"))
            }
        }
    }

    @Test func aCancelledTaskDoesNotWait() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.withClient(RedisFixture.configuration(server, connections: 1)) { client in
                _ = try await client.send(RedisCommand("PING"))
                server.freeze()
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do {
                            _ = try await client.send(RedisCommand("PING"))
                            return false
                        } catch {
                            return error is CancellationError
                        }
                    }
                    _ = try? await eventually(within: .seconds(60), "the command") { await client.status().commands == 1 ? true : nil }
                    group.cancelAll()
                    #expect(await group.next() == true)
                }
                server.thaw()
                #expect(try await client.send(RedisCommand("ECHO", "x")).text == "x")
            }
        }
    }
}
