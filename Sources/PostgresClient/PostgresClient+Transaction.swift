extension PostgresClient {
    /// Runs `body` as a transaction: committed when it returns, rolled back when it throws.
    ///
    /// Serialization failures, deadlocks and connections that break before the commit was sent leave nothing behind: `body` is then run
    /// again, after a short pause.
    ///
    /// - Parameter attempts: how often in all.
    package func withTransaction<Value: Sendable>(
        _ isolation: PostgresTransaction.Isolation = .readCommitted, attempts: Int = 5,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await self.withSession { session in
                    let transaction = PostgresTransaction(session, isolation)
                    let value = try await body(transaction)
                    try await transaction.finish()
                    return value
                }
            } catch let error as PostgresError where error.isTransient && attempt < attempts {
                try await Task.sleep(for: .milliseconds(5 * attempt) * Double.random(in: 0.5...1.5))
                attempt += 1
            }
        }
    }
}
