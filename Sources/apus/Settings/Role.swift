/// What a process of a cluster does.
enum Role: String, CaseIterable, Sendable {
    /// Answers the SES API.
    case api
    /// Delivers.
    case worker
    /// Moves what was deferred or held back to delivery, splits calls with many domains, and removes bodies that nobody needs.
    case mover

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
