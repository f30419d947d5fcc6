extension PostgresSchema {
    /// The tables of ``PostgresBodyStore``: a row for each body and its bytes in chunks, stored as they are, since mail that was encoded
    /// for transport hardly shrinks.
    static func bodies(_ name: String) -> PostgresSchema {
        let here = PostgresSchema(name: name, steps: [])
        return PostgresSchema(
            name: name,
            steps: [
                [
                    """
                    CREATE TABLE \(here.table("body")) (
                        id bytea PRIMARY KEY,
                        expires_at bigint NOT NULL,
                        byte_count bigint NOT NULL,
                        checksum bigint NOT NULL
                    )
                    """,
                    "CREATE INDEX body_expiry ON \(here.table("body")) (expires_at)",
                    """
                    CREATE TABLE \(here.table("chunk")) (
                        id bytea NOT NULL,
                        number bigint NOT NULL,
                        bytes bytea NOT NULL,
                        PRIMARY KEY (id, number)
                    )
                    """,
                    "ALTER TABLE \(here.table("chunk")) ALTER COLUMN bytes SET STORAGE EXTERNAL",
                ]
            ])
    }
}
