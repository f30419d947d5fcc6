/// A parameter of a ``PostgresStatement``.
///
/// All but text travel in PostgreSQL's binary form, with their type; text goes as it is, and the server reads it as whatever type the
/// statement has in that place.
package enum PostgresValue: Hashable, Sendable {
    case null
    /// `bytea`.
    case bytes([UInt8])
    /// Any type, in its text form; without NUL, which PostgreSQL has no text for.
    case text(String)
    /// `bigint`.
    case integer(Int64)
    /// `boolean`.
    case boolean(Bool)
    /// `bytea[]`, to be unnested: one statement for many rows.
    case bytesArray([[UInt8]])
    /// `bigint[]`.
    case integerArray([Int64])
}
