internal import PostgresClient

/// A schema of one part of the service in a PostgreSQL database, and the ordered steps that lead to its tables.
///
/// Any number of processes may bring it to its newest version at once: one does, the others wait for it. While a deploy is rolling, older
/// processes go on with tables that a newer one has just changed, so a step must leave the version before it able to work.
struct PostgresSchema: Sendable {
    /// The schema's name.
    let name: String
    /// Every step there ever was, each a list of statements; steps are added, never changed.
    let steps: [[String]]

    /// A name in the schema, for use in SQL.
    func table(_ table: String) -> String {
        "\(PostgresStatement.quoted(self.name)).\(table)"
    }

    /// Brings the schema to the newest version, creating it when it is not there.
    ///
    /// - Throws: ``PostgresSchemaError`` when the schema is newer than this program; ``PostgresError``.
    func migrate(_ client: PostgresClient) async throws {
        let isNew = try await client.run(self.isMissing("migration"), isRepeatable: true).boolean(0, 0)
        if !isNew, try await self.check(client.run(self.version, isRepeatable: true)) == self.steps.count { return }
        try await client.withTransaction { transaction in
            _ = try await transaction.run(
                [
                    // A step may take its time on a large table, and so may another process that is at it.
                    PostgresStatement("SET LOCAL statement_timeout = 0", isPrepared: false),
                    PostgresStatement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [.text("schema \(self.name)")], isPrepared: false),
                ], timeout: .seconds(600))
            // A schema that was made for us needs no right to make schemas.
            let isMissing = try await transaction.run([
                PostgresStatement("SELECT to_regnamespace($1) IS NULL", [.text(PostgresStatement.quoted(self.name))], isPrepared: false)
            ])[0].boolean(0, 0)
            if isMissing {
                _ = try await transaction.run([PostgresStatement("CREATE SCHEMA \(PostgresStatement.quoted(self.name))", isPrepared: false)])
            }
            let results = try await transaction.run([
                PostgresStatement(
                    """
                    CREATE TABLE IF NOT EXISTS \(self.table("migration")) (
                        version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now()
                    )
                    """, isPrepared: false),
                self.version,
            ])
            let version = try self.check(results[1])
            for (index, step) in self.steps.enumerated().dropFirst(version) {
                let statements = step.map { PostgresStatement($0, isPrepared: false) }
                let record = PostgresStatement(
                    "INSERT INTO \(self.table("migration")) (version) VALUES ($1)", [.integer(Int64(index + 1))], isPrepared: false)
                _ = try await transaction.run(statements + [record], timeout: .seconds(600))
            }
            try await transaction.commit()
        }
    }

    private var version: PostgresStatement {
        PostgresStatement("SELECT coalesce(max(version), 0) FROM \(self.table("migration"))", isPrepared: false)
    }

    private func isMissing(_ table: String) -> PostgresStatement {
        PostgresStatement("SELECT to_regclass($1) IS NULL", [.text(self.table(table))], isPrepared: false)
    }

    /// - Returns: how many steps the schema has.
    private func check(_ result: PostgresResult) throws -> Int {
        let version = Int(try result.integer(0, 0))
        guard version <= self.steps.count else {
            throw PostgresSchemaError(found: version, known: self.steps.count, schema: self.name)
        }
        return version
    }
}
