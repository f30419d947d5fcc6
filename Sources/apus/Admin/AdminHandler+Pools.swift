import ApusCore
import ApusSchema
import ControlPlane
import Intake

extension AdminHandler {
    /// Whose pools are meant; nil for the installation's.
    ///
    /// - Parameter isMade: whether an account that is not there is made.
    func owner(_ accountName: String?, isMade: Bool = false) async throws -> AccountID? {
        guard let accountName else { return nil }
        if isMade { return try await self.controlPlane.ensureAccount(named: accountName).id }
        guard let account = self.controlPlane.account(named: accountName) else {
            throw AdminAnswer.Failure(error: "there is no account \(accountName): `apus keys create --account \(accountName)` makes it")
        }
        return account.id
    }

    func pool(_ name: String, owner: AccountID?) throws -> AdminAnswer.Pool {
        guard let pool = self.controlPlane.pool(name, owner: owner) else {
            throw AdminAnswer.Failure(
                error: "there is no pool \(name): `apus pools create \(name)` makes it, `apus pools list` shows those there are")
        }
        return self.answer(pool)
    }

    func answer(_ pool: SendingPool) -> AdminAnswer.Pool {
        AdminAnswer.Pool(
            name: pool.name, account: pool.owner.flatMap { self.controlPlane.account($0)?.name }, scalingMode: pool.scalingMode.rawValue,
            addresses: pool.addresses.map { AdminAnswer.Pool.Address(address: $0.address, weight: $0.weight) },
            queue: pool.queue, isDraining: pool.isDraining, reroutedTo: pool.reroutedTo)
    }

    /// Makes a pool, and its queue before it.
    ///
    /// - Parameter queue: nil for one of its own where it is the installation's, and the default one where it is an account's.
    func createPool(_ name: String, owner: AccountID?, queue: String?) async throws {
        guard self.controlPlane.pool(name, owner: owner) == nil else {
            throw AdminAnswer.Failure(error: "the pool \(name) is there already: `apus pools show \(name)` shows it")
        }
        let queue = try queue ?? (owner == nil ? self.controlPlane.ownQueue(forPool: name) : Topics.defaultQueue)
        try self.controlPlane.checkQueue(queue)
        try await self.queues.prepare(queue)
        try await self.controlPlane.createPool(name, owner: owner, queue: queue)
    }

    func deletePool(_ name: String, owner: AccountID?) async throws {
        let mail = PoolMail(bus: self.bus, controlPlane: self.controlPlane)
        try await self.controlPlane.deletePool(name, owner: owner) { pool in
            try await mail.isWaiting(pool: pool.name) { account in
                // By the installation's name accounts mean it that have no pool of that name.
                owner.map { $0 == account } ?? (self.controlPlane.pool(pool.name, owner: account) == nil)
            }
        }
    }

    /// Reads `IP` or `IP=WEIGHT`.
    static func poolAddress(_ text: String) throws -> SendingPool.Address {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return SendingPool.Address(address: text) }
        guard let weight = Int(parts[1]) else {
            throw AdminAnswer.Failure(error: "an address is given as IP or IP=WEIGHT, such as 192.0.2.1=10, not \(text)")
        }
        return SendingPool.Address(address: String(parts[0]), weight: weight)
    }
}
