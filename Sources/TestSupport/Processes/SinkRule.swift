import Foundation

/// A rule of the sink, one member of `rules` in the file that `--respond` takes (see `loadtest/README.md`).
package struct SinkRule: Sendable {
    private let members: [String: any Sendable]

    /// - Parameter members: as in the rules file.
    package init(_ members: [String: any Sendable]) {
        self.members = members
    }

    /// Something at a stage.
    ///
    /// - Parameters:
    ///   - action: `["reply": "451 4.7.1 Later"]`, `["hang": true]`, `["garbage": 2000]`…
    ///   - recipient: the pattern of recipients it is for; before RCPT there is none to match.
    ///   - first: only the first so many times; nil for always.
    package static func at(_ stage: String, _ action: [String: any Sendable], recipient: String? = nil, first: Int? = nil) -> SinkRule {
        var members = action
        members["stage"] = stage
        if let recipient { members["recipient"] = recipient }
        if let first { members["first"] = first }
        return SinkRule(members)
    }

    /// The file for `--respond`.
    static func file(_ rules: [SinkRule]) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: ["rules": rules.map(\.members)], options: [.sortedKeys, .prettyPrinted])
        return String(decoding: data, as: UTF8.self)
    }
}
