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
    /// Makes a pool; of the installation where no account is named, as for the others. Without a queue's name it gets the one that fits.
    case createPool(account: String?, name: String, queue: String?)
    /// Lists pools.
    case listPools(account: String?)
    /// Shows a pool.
    case showPool(account: String?, name: String)
    /// Gives a pool addresses, as `IP` or `IP=WEIGHT`, and takes others from it.
    case changePoolAddresses(account: String?, name: String, adding: [String], removing: [String])
    /// Says whether a pool takes new mail.
    case drainPool(account: String?, name: String, isDraining: Bool)
    /// Lets a pool's mail leave from another's addresses.
    case reroutePool(account: String?, name: String, to: String?)
    /// Deletes a pool that has no mail.
    case deletePool(account: String?, name: String)
    /// Prints events, one SES event JSON per line.
    case tailEvents(fromStart: Bool, follow: Bool)
    /// Says what waits, where, and the last replies.
    case queue
    /// Lists what could not be handled.
    case listDead
    /// Does something with letters, all of them where none is named.
    case settleDead(DeadSettlement, ids: [String])

    /// Whether a data folder that does not exist yet is made for it; a question about nothing is a mistyped path.
    var mayCreateFolder: Bool {
        switch self {
        case .createKey, .createIdentity, .createPool: true
        case .listPools, .showPool, .changePoolAddresses, .drainPool, .reroutePool, .deletePool: false
        case .showIdentity, .identityRecords, .tailEvents, .queue, .listDead, .settleDead: false
        }
    }
}
