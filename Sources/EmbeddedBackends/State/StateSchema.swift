internal import GRDB

/// The tables of ``SQLiteStateStore``, and the ordered steps that lead to them.
///
/// Names are stored as bytes, so that order and equality are those of UTF-8 and no byte, not even NUL, ends one early. A document's
/// version is the position of the change that wrote it: it grows over deletion and re-creation too, so a compare-and-set never
/// mistakes a new document for the old one.
enum StateSchema {
    /// Every step there ever was; the database's `user_version` counts those that it has. Steps are added, never changed.
    static let migrations: [@Sendable (Database) throws -> Void] = [
        { database in
            try database.execute(
                sql: """
                    CREATE TABLE document (
                        id INTEGER PRIMARY KEY,
                        collection BLOB NOT NULL,
                        scope BLOB NOT NULL,
                        name BLOB NOT NULL,
                        version INTEGER NOT NULL,
                        value BLOB NOT NULL
                    ) STRICT;
                    CREATE UNIQUE INDEX document_key ON document (collection, scope, name);
                    CREATE TABLE change (
                        position INTEGER PRIMARY KEY AUTOINCREMENT,
                        collection BLOB NOT NULL,
                        scope BLOB NOT NULL,
                        name BLOB NOT NULL
                    ) STRICT;
                    CREATE TABLE trimmed (
                        id INTEGER PRIMARY KEY CHECK (id = 0),
                        position INTEGER NOT NULL
                    ) STRICT;
                    INSERT INTO trimmed VALUES (0, 0);
                    """
            )
        }
    ]

    /// Brings a database to the newest version, one transaction per step.
    ///
    /// - Throws: ``StateSchemaError`` when the database is newer than this program.
    static func migrate(_ database: Database, path: String) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= Self.migrations.count else {
            throw StateSchemaError(found: version, known: Self.migrations.count, path: path)
        }
        for (index, migration) in Self.migrations.enumerated().dropFirst(version) {
            try database.inTransaction(.immediate) {
                try migration(database)
                try database.execute(sql: "PRAGMA user_version = \(index + 1)")
                return .commit
            }
        }
    }
}
