/// Starts one server for all who ask.
actor SharedPostgresServer {
    private var start: Task<PostgresServer, any Error>?

    func server() async throws -> PostgresServer {
        let start = self.start ?? Task { try await PostgresServer.start() }
        self.start = start
        return try await start.value
    }
}
