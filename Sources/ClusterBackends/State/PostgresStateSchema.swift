/// The tables of ``PostgresStateStore``.
///
/// Names are `bytea`: PostgreSQL's text takes no NUL, and bytes are ordered and equal as bytes whatever the database's collation is. A
/// document's version is the position of the change that wrote it: it grows over deletion and re-creation too, so a compare-and-set never
/// mistakes a new document for the old one.
///
/// `feed` has one row, which every write updates first and so holds until its commit is visible: see ``PostgresStateStore``.
extension PostgresSchema {
    static func state(_ name: String) -> PostgresSchema {
        let here = PostgresSchema(name: name, steps: [])
        return PostgresSchema(
            name: name,
            steps: [
                [
                    """
                    CREATE TABLE \(here.table("document")) (
                        collection bytea NOT NULL,
                        scope bytea NOT NULL,
                        name bytea NOT NULL,
                        version bigint NOT NULL,
                        value bytea NOT NULL,
                        PRIMARY KEY (collection, scope, name)
                    )
                    """,
                    """
                    CREATE TABLE \(here.table("change")) (
                        position bigint PRIMARY KEY,
                        collection bytea NOT NULL,
                        scope bytea NOT NULL,
                        name bytea NOT NULL,
                        written_at timestamptz NOT NULL DEFAULT clock_timestamp()
                    )
                    """,
                    // Room on the page for many versions of the one row, which are cleared away without an index being touched.
                    """
                    CREATE TABLE \(here.table("feed")) (
                        id smallint PRIMARY KEY CHECK (id = 0),
                        latest bigint NOT NULL,
                        trimmed bigint NOT NULL
                    ) WITH (fillfactor = 10)
                    """,
                    "INSERT INTO \(here.table("feed")) (id, latest, trimmed) VALUES (0, 0, 0)",
                ]
            ])
    }
}
