internal import PostgresClient

/// The SQL of ``PostgresStateStore``, for one schema.
struct PostgresStateStatements: Sendable {
    /// The most value bytes in one statement.
    private static let maximumBytes = 8 << 20
    /// The most value bytes in one page of changes.
    private static let maximumPageBytes = 16 << 20

    let schema: PostgresSchema

    /// The channel on which every write tells its last position.
    var channel: String { "\(self.schema.name).change" }

    func get(_ key: StateKeyBytes) -> PostgresStatement {
        PostgresStatement(
            "SELECT value, version FROM \(self.schema.table("document")) WHERE collection = $1 AND scope = $2 AND name = $3", key.parameters)
    }

    /// - Returns: scope, name, value, version.
    func list(collection: String, scope: String?, after: StateKeyBytes?, limit: Int64) -> PostgresStatement {
        // Every name has a byte, so all come after the empty one.
        let columns = "SELECT scope, name, value, version FROM \(self.schema.table("document")) WHERE collection = $1"
        let order = "ORDER BY scope, name LIMIT $4"
        let first: [PostgresValue] = [.bytes(Array(collection.utf8))]
        guard let scope = scope.map({ Array($0.utf8) }) else {
            return PostgresStatement(
                "\(columns) AND (scope, name) > ($2, $3) \(order)",
                first + [.bytes(after?.scope ?? []), .bytes(after?.name ?? []), .integer(limit)])
        }
        // A page after a key of another owner begins with this one's first, or is empty.
        if let after, after.scope != scope {
            let isLater = after.scope.lexicographicallyPrecedes(scope)
            return PostgresStatement(
                "\(columns) AND scope = $2 AND name > $3 \(order)", first + [.bytes(scope), .bytes([]), .integer(isLater ? limit : 0)])
        }
        return PostgresStatement(
            "\(columns) AND scope = $2 AND name > $3 \(order)", first + [.bytes(scope), .bytes(after?.name ?? []), .integer(limit)])
    }

    /// Takes positions for `count` changes, and with them the turn to write.
    ///
    /// - Returns: the last of the positions.
    func takePositions(_ count: Int) -> PostgresStatement {
        PostgresStatement("UPDATE \(self.schema.table("feed")) SET latest = latest + $1 WHERE id = 0 RETURNING latest", [.integer(Int64(count))])
    }

    /// - Returns: for those that exist, the index of the key from 1, and the version.
    func versions(of keys: [StateKeyBytes]) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT k.number, d.version FROM unnest($1, $2, $3) WITH ORDINALITY AS k (collection, scope, name, number)
            JOIN \(self.schema.table("document")) d USING (collection, scope, name)
            """, keys.columns)
    }

    /// Writes documents over those that are there.
    func put(_ documents: [(key: StateKeyBytes, value: [UInt8], version: Int64)]) -> [PostgresStatement] {
        var statements: [PostgresStatement] = []
        var start = 0
        while start < documents.count {
            var end = start
            var bytes = 0
            while end < documents.count, end == start || bytes + documents[end].value.count <= Self.maximumBytes {
                bytes += documents[end].value.count
                end += 1
            }
            let some = documents[start..<end]
            statements.append(
                PostgresStatement(
                    """
                    INSERT INTO \(self.schema.table("document")) (collection, scope, name, version, value)
                    SELECT * FROM unnest($1, $2, $3, $4, $5)
                    ON CONFLICT (collection, scope, name) DO UPDATE SET version = excluded.version, value = excluded.value
                    """, some.map(\.key).columns + [.integerArray(some.map(\.version)), .bytesArray(some.map(\.value))]))
            start = end
        }
        return statements
    }

    func delete(_ keys: [StateKeyBytes]) -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM \(self.schema.table("document")) d USING unnest($1, $2, $3) AS k (collection, scope, name)
            WHERE d.collection = k.collection AND d.scope = k.scope AND d.name = k.name
            """, keys.columns)
    }

    /// Writes the changes at `first` and after.
    func record(_ keys: [StateKeyBytes], first: Int64) -> PostgresStatement {
        PostgresStatement(
            "INSERT INTO \(self.schema.table("change")) (collection, scope, name, position) SELECT * FROM unnest($1, $2, $3, $4)",
            keys.columns + [.integerArray(keys.indices.map { first + Int64($0) })])
    }

    /// Lets the oldest changes go that are past their time or their number, a bounded lot.
    func trim(limit: Int, keptMilliseconds: Int64, through position: Int64) -> PostgresStatement {
        PostgresStatement(
            """
            WITH oldest AS (SELECT position FROM \(self.schema.table("change")) ORDER BY position LIMIT $1), gone AS (
                DELETE FROM \(self.schema.table("change")) c USING oldest WHERE c.position = oldest.position
                AND (c.written_at < now() - $2::bigint * interval '1 millisecond' OR c.position <= $3) RETURNING c.position
            )
            UPDATE \(self.schema.table("feed")) SET trimmed = greatest(trimmed, (SELECT max(position) FROM gone))
            WHERE id = 0 AND EXISTS (SELECT FROM gone)
            """, [.integer(Int64(limit)), .integer(keptMilliseconds), .integer(position)])
    }

    func notify(_ position: Int64) -> PostgresStatement {
        PostgresStatement("SELECT pg_notify($1, $2)", [.text(self.channel), .text("\(position)")])
    }

    func latest() -> PostgresStatement {
        PostgresStatement("SELECT latest FROM \(self.schema.table("feed")) WHERE id = 0")
    }

    /// A page of changes and the ends of the feed, read at one moment. Values above a bound of bytes are left for the next page; their
    /// lengths are known without reading them.
    ///
    /// - Returns: at least one row: latest, trimmed, then position (null when there is none), collection, scope, name, version, value.
    func changes(after position: Int64, limit: Int64) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT f.latest, f.trimmed, p.position, p.collection, p.scope, p.name, p.version, p.value
            FROM \(self.schema.table("feed")) f LEFT JOIN LATERAL (
                SELECT * FROM (
                    SELECT c.*, d.version, d.value, sum(coalesce(octet_length(d.value), 0)) OVER (ORDER BY c.position)
                        - coalesce(octet_length(d.value), 0) AS bytes_before
                    FROM (
                        SELECT position, collection, scope, name FROM \(self.schema.table("change"))
                        WHERE position > $1 ORDER BY position LIMIT $2
                    ) c LEFT JOIN \(self.schema.table("document")) d USING (collection, scope, name)
                ) s WHERE s.bytes_before < $3
            ) p ON true WHERE f.id = 0 ORDER BY p.position
            """, [.integer(position), .integer(limit), .integer(Int64(Self.maximumPageBytes))])
    }
}
