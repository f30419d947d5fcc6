/// What a command asks of the service: carried out in process when no server runs on the data folder, and sent to the server's control
/// socket when one does.
enum AdminRequest: Codable, Sendable {
    /// Makes an access key, and the account when there is none of that name.
    case createKey(account: String)
    /// Makes an identity.
    case createIdentity(account: String, name: String, verified: Bool)
    /// Shows an identity.
    case showIdentity(account: String, name: String)
    /// Lists an identity's DNS records.
    case identityRecords(account: String, name: String)
    /// Prints events, one SES event JSON per line.
    case tailEvents(fromStart: Bool, follow: Bool)
    /// Says what waits, where, and the last replies.
    case queue

    /// Whether a data folder that does not exist yet is made for it; a question about nothing is a mistyped path.
    var mayCreateFolder: Bool {
        switch self {
        case .createKey, .createIdentity: true
        case .showIdentity, .identityRecords, .tailEvents, .queue: false
        }
    }
}
