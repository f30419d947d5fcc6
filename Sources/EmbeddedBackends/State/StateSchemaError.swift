/// The state database was written by a newer version of this program.
package struct StateSchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The schema version of the database.
    package let found: Int
    /// The newest version that this program knows.
    package let known: Int
    /// The database file.
    package let path: String

    package var description: String {
        "\(self.path) has schema version \(self.found), and this program knows versions up to \(self.known): run the newer program that wrote it"
    }
}
