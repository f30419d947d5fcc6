/// One SQL statement with its parameters, `$1`, `$2`, …
package struct PostgresStatement: Hashable, Sendable {
    package var sql: String
    package var parameters: [PostgresValue]
    /// Whether it is prepared once per connection and then only executed; for statements from a fixed set of texts.
    package var isPrepared: Bool

    package init(_ sql: String, _ parameters: [PostgresValue] = [], isPrepared: Bool = true) {
        self.sql = sql
        self.parameters = parameters
        self.isPrepared = isPrepared
    }

    /// Text as an identifier: in quotes, with those inside doubled.
    package static func quoted(_ identifier: String) -> String {
        "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
