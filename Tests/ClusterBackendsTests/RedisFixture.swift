import ApusCore
import ClusterBackends
import NIOPosix
import RedisClient
import TestSupport

/// Engines of a test, as several processes have them: each with a client of its own.
struct RedisFixture {
    let engines: [RedisThrottling]
    /// For looking at the server.
    let client: RedisClient

    /// Runs a test on the server that tests share, by its clock, in an epoch that has begun.
    static func run(engines count: Int = 1, _ body: (RedisFixture) async throws -> Void) async throws {
        let (host, port) = try await TestRedis.address()
        // Time limits are long: a slow machine must not matter.
        let configuration = RedisConfiguration(host: host, port: port, commandTimeout: .seconds(60))
        try await Self.run(configuration, engines: count) { fixture in
            _ = try await fixture.engines[0].begin(.fresh)
            try await body(fixture)
        }
    }

    /// Runs a test on some server, in which no epoch has begun.
    static func run(
        _ configuration: RedisConfiguration, engines count: Int = 1, _ body: (RedisFixture) async throws -> Void
    ) async throws {
        let prefix = TestRedis.newPrefix()
        let clients = try (0...count).map { _ in try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next()) }
        let engines = clients.dropLast().map { RedisThrottling($0, configuration: .init(prefix: prefix)) }
        var failure: (any Error)?
        do {
            try await body(RedisFixture(engines: engines, client: clients[count]))
        } catch {
            failure = error
        }
        for client in clients { await client.close() }
        if let failure { throw failure }
    }

    /// The server's clock, in microseconds.
    func time() async throws -> Int64 {
        let parts = try await self.client.send(RedisCommand("TIME")).array?.compactMap { $0.text.flatMap { Int64($0) } } ?? []
        return parts.count == 2 ? parts[0] * 1_000_000 + parts[1] : 0
    }
}
