/// A connection that one task has to itself for a while.
package struct PostgresSession: Sendable {
    private let client: PostgresClient
    private let link: Int

    init(client: PostgresClient, link: Int) {
        self.client = client
        self.link = link
    }

    /// Runs statements, sent together. Outside of a transaction that was begun they are one by themselves.
    ///
    /// - Returns: a result for each.
    /// - Throws: ``PostgresError`` of the first that failed, after which those behind it were not run; `CancellationError`.
    package func run(_ statements: [PostgresStatement], timeout: Duration? = nil) async throws -> [PostgresResult] {
        try await self.client.results(of: .run(on: self.link, statements.map(EncodedStatement.init)), timeout: timeout)
    }
}
