/// What a process of a cluster does.
enum Role: String, CaseIterable, Sendable {
    /// Answers the SES API.
    case api
    /// Delivers.
    case worker
    /// Moves what was deferred or held back to delivery, splits calls with many domains, and removes bodies that nobody needs.
    case mover
    /// Brings events out, as JSON on a topic that is for others.
    case publisher

    /// What a process on a data folder does: its topics are read by nobody else, so there is nothing to publish to.
    static let embedded: Set<Role> = [.api, .worker, .mover]

    /// Reads the setting `roles`.
    static func read(_ reader: inout SettingsReader) -> Set<Role> {
        let names = reader.list("roles")
        let roles = names.compactMap(Role.init)
        if roles.count != names.count || roles.isEmpty {
            reader.report("roles takes some of \(Role.allCases.map(\.rawValue).joined(separator: ", ")), not \"\(names.joined(separator: ","))\"")
        }
        return Set(roles)
    }
}
