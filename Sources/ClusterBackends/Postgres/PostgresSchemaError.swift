/// The tables in PostgreSQL were made by a newer version of this program.
package struct PostgresSchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The version of the tables.
    package let found: Int
    /// The newest version that this program knows.
    package let known: Int
    /// The schema that they are in.
    package let schema: String

    package var description: String {
        "the PostgreSQL schema \(self.schema) has version \(self.found), and this program knows versions up to \(self.known): run the newer program that made it"
    }
}
