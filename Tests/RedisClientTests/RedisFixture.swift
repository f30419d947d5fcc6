import NIOPosix
import RedisClient
import TestSupport

/// A client of a test.
enum RedisFixture {
    /// Runs a test with a client of the server that tests share.
    static func onSharedServer(
        _ change: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient, _ prefix: String) async throws -> Void
    ) async throws {
        let (host, port) = try await TestRedis.address()
        var configuration = RedisConfiguration(host: host, port: port, commandTimeout: .seconds(60))
        change(&configuration)
        try await Self.withClient(configuration) { try await body($0, TestRedis.newPrefix()) }
    }

    /// Runs a test with a client of some server. Time limits are long unless the test is about them: a slow machine must not matter.
    static func withClient(_ configuration: RedisConfiguration, _ body: (RedisClient) async throws -> Void) async throws {
        let client = try Self.client(configuration)
        do {
            try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    static func client(_ configuration: RedisConfiguration) throws -> RedisClient {
        try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next())
    }

    static func configuration(_ server: RedisServer, connections: Int = 2) -> RedisConfiguration {
        RedisConfiguration(host: "127.0.0.1", port: server.port, connections: connections, commandTimeout: .seconds(60))
    }
}
