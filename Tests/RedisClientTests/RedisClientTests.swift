import ChildProcesses
import NIOCore
import RedisClient
import TestSupport
import Testing

/// The client on a real server.
@Suite struct RedisClientTests {
    @Test func sendsCommandsOfEveryKind() async throws {
        try await RedisFixture.onSharedServer { client, prefix in
            let key = RedisArgument.text("\(prefix)-key")
            let nothing = try await client.send(RedisCommand("GET", key))
            #expect(nothing == .null)
            let bytes: [UInt8] = (0...255).map { UInt8($0) } + [13, 10]
            #expect(try await client.send(RedisCommand("SET", key, .bytes(bytes))) == .simple("OK"))
            #expect(try await client.send(RedisCommand("GET", key)).bytes == bytes)
            #expect(try await client.send(RedisCommand("INCRBY", .text("\(prefix)-number"), -7)).integer == -7)
            let list = RedisArgument.text("\(prefix)-list")
            #expect(try await client.send(RedisCommand("RPUSH", list, "a", "b")).integer == 2)
            #expect(try await client.send(RedisCommand("LRANGE", list, 0, -1)).array?.map(\.text) == ["a", "b"])
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("INCR", key)) }
            #expect(error?.code == .reply("ERR"))
            let wrong = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("INCR", list)) }
            #expect(wrong?.code == .reply("WRONGTYPE"))
            #expect(await client.status().commands == 0)
        }
    }

    @Test func largeValuesComeBackWhole() async throws {
        try await RedisFixture.onSharedServer { client, prefix in
            let value = [UInt8](repeating: 0xAB, count: 5 << 20)
            _ = try await client.send(RedisCommand("SET", .text(prefix), .bytes(value)))
            #expect(try await client.send(RedisCommand("GET", .text(prefix))).bytes == value)
            _ = try await client.send(RedisCommand("DEL", .text(prefix)))
        }
    }

    @Test func aConnectionAnswersInOrder() async throws {
        try await RedisFixture.onSharedServer({ $0.connections = 1 }) { client, prefix in
            let answers = Guarded<[Int64]>([])
            let count = 20_000
            try await within(.seconds(120), "all answers") {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    for _ in 0..<count {
                        client.send(RedisCommand("INCR", .text(prefix))) { result in
                            let isLast = answers.withLock { answers in
                                if case .success(let value) = result { answers.append(value.integer ?? -1) } else { answers.append(-2) }
                                return answers.count == count
                            }
                            if isLast { continuation.resume() }
                        }
                    }
                }
            }
            #expect(answers.withLock { $0 } == (1...Int64(count)).map { $0 })
            #expect(await client.status().connectionsMade == 1)
        }
    }

    @Test func manyTasksShareTheConnections() async throws {
        try await RedisFixture.onSharedServer({ $0.connections = 3 }) { client, prefix in
            let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<1000 {
                    group.addTask { try await client.send(RedisCommand("ECHO", .integer(Int64(number)))).text.flatMap { Int64($0) } ?? -1 }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 499_500)
            #expect((1...3).contains(await client.status().connectionsMade))
        }
    }

    @Test func scriptsAreLoadedWhenTheServerLacksThem() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.withClient(RedisFixture.configuration(server)) { client in
                let script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")
                let call = RedisCommand(script, keys: ["k"], arguments: [5])
                #expect(try await client.send(call) == .array([.bulk(ByteBuffer(string: "k")), .bulk(ByteBuffer(string: "5")), .integer(1)]))
                #expect(try await client.send(call).array?.last?.integer == 2)
                _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
                // Each once, however many find it missing at the same time.
                let numbers = try await withThrowingTaskGroup(of: Int64?.self) { group in
                    for _ in 0..<50 { group.addTask { try await client.send(call).array?.last?.integer } }
                    return try await group.reduce(into: Set<Int64?>()) { $0.insert($1) }
                }
                #expect(numbers == Set((3...52).map { Int64($0) }))
                let failing = RedisCommand(RedisScript("return redis.call('GET', KEYS[1], 'too', 'many')"), keys: ["k"], arguments: [])
                let error = await #expect(throws: RedisError.self) { try await client.send(failing) }
                #expect(error?.code == .reply("ERR") && error?.mayHaveRun == true)
            }
        }
    }

    @Test func closedItRefusesAndWaitsForWhatIsUnderWay() async throws {
        try await RedisServer.with { server in
            try await RedisFixture.withClient(RedisFixture.configuration(server, connections: 1)) { client in
                // Until a connection is up, what waits for one is refused.
                _ = try await client.send(RedisCommand("PING"))
                async let slow = client.send(RedisCommand("BLPOP", "nothing", 1))
                _ = try await eventually(within: .seconds(60), "the command") { await client.status().commands == 1 ? true : nil }
                await client.close()
                #expect(try await slow == .null)
                await client.close()
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
                #expect(error?.code == .closed)
            }
        }
    }

    @Test func badConfigurationsAreRefused() throws {
        for change in [
            { $0.host = "" }, { $0.port = 0 }, { $0.connections = 0 }, { $0.clientName = "a b" }, { $0.maximumCommands = 0 },
        ] as [(inout RedisConfiguration) -> Void] {
            var configuration = RedisConfiguration(host: "127.0.0.1")
            change(&configuration)
            let error = #expect(throws: RedisError.self) { try RedisFixture.client(configuration) }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
