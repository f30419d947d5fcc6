package import ApusCore
internal import ApusSchema
internal import Backends
internal import NIOCore
internal import Synchronization

/// Pools. One with mail is drained or rerouted, and deleted when it has none.
extension ControlPlane {
    /// The pool that an account means by a name: its own, else the installation's. From the copy.
    package func pool(_ name: String, account: AccountID) -> SendingPool? {
        self.snapshot.withLock { $0.pools[account]?[name] ?? $0.pools[nil]?[name] }
    }

    /// A pool of one owner, from the copy.
    ///
    /// - Parameter owner: nil for the installation.
    package func pool(_ name: String, owner: AccountID?) -> SendingPool? {
        self.snapshot.withLock { $0.pools[owner]?[name] }
    }

    /// The pool whose addresses a message leaves from: that of the name, or where it is rerouted to. From the copy.
    package func effectivePool(_ name: String, account: AccountID) -> SendingPool? {
        self.snapshot.withLock { snapshot in
            var pool = snapshot.pools[account]?[name] ?? snapshot.pools[nil]?[name]
            // Rings are refused when they are made; two writers at once could still make one.
            for _ in 0..<Self.longestRoute {
                guard let known = pool, let target = known.reroutedTo else { break }
                guard let next = snapshot.pools[known.owner]?[target] ?? snapshot.pools[nil]?[target] else { break }
                pool = next
            }
            return pool
        }
    }

    /// All pools of an owner in byte order of their names, from the copy.
    package func pools(owner: AccountID?) -> [SendingPool] {
        self.snapshot.withLock { Array(($0.pools[owner] ?? [:]).values) }.sorted { $0.name < $1.name }
    }

    /// A page of an owner's pools in byte order of their names.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func listPools(account: AccountID, after: String?, limit: Int) async throws -> [SendingPool] {
        try await self.page(StoredPool.collection, account: account, after: after, limit: limit).map { entry in
            try StoredPool.decoded(entry).value(owner: account, name: entry.key.name)
        }
    }

    /// Creates a pool without addresses.
    ///
    /// - Parameter queue: where its mail waits, for as long as there is the pool; the bus has its topics already.
    /// - Throws: ``ControlPlaneError``: `invalid`, `alreadyExists`, `limitExceeded`, `unavailable`.
    @discardableResult
    package func createPool(
        _ name: String, owner: AccountID?, queue: String = Topics.defaultQueue, scalingMode: SendingPool.ScalingMode = .standard,
        tags: [ResourceTag] = []
    ) async throws -> SendingPool {
        try ResourceName.check(name, what: "Pool")
        try self.checkQueue(queue)
        try ResourceName.check(tags)
        guard name != Self.defaultPool else {
            throw ControlPlaneError(.invalid, "Invalid pool name <\(name)>: mail that names no pool has this one.")
        }
        let count = self.snapshot.withLock { $0.pools[owner]?.count ?? 0 }
        guard count < self.configuration.maximumPools else {
            throw ControlPlaneError(.limitExceeded, "Maximum number of pools reached: \(self.configuration.maximumPools).")
        }
        let pool = SendingPool(owner: owner, name: name, createdAt: self.now(), queue: queue, scalingMode: scalingMode, tags: tags)
        var mutations: [StateMutation] = [.create(StoredPool.key(name, owner: owner), value: try StoredPool(pool).encoded())]
        if queue != Topics.defaultQueue, try await self.entry(StoredQueue.key(queue)) == nil {
            mutations.append(.create(StoredQueue.key(queue), value: try StoredQueue(createdAt: pool.createdAt.rawValue).encoded()))
        }
        do {
            try await self.write(mutations)
        } catch let error as StateError {
            guard try await self.entry(StoredPool.key(name, owner: owner)) != nil else {
                throw ControlPlaneError(.conflict, "Another request changes the same resource. Try again.", cause: error)
            }
            throw ControlPlaneError(.alreadyExists, "The pool <\(name)> already exists.", cause: error)
        }
        return pool
    }

    /// Changes the addresses of a pool, all at once.
    ///
    /// - Parameters:
    ///   - adding: new ones, and those whose weight changes.
    ///   - removing: addresses that are in the pool.
    /// - Throws: ``ControlPlaneError``: `alreadyExists` where an address is in another pool.
    @discardableResult
    package func changeAddresses(
        ofPool name: String, owner: AccountID?, adding: [SendingPool.Address], removing: [String]
    ) async throws -> SendingPool {
        let added = try adding.map { entry in
            guard (0...100).contains(entry.weight) else {
                throw ControlPlaneError(.invalid, "an address's weight is a number from 0 to 100")
            }
            return SendingPool.Address(address: try Self.normal(entry.address), weight: entry.weight)
        }
        let removed = Set(try removing.map(Self.normal))
        let key = StoredPool.key(name, owner: owner)
        for _ in 0..<8 {
            guard let entry = try await self.entry(key) else { throw Self.missingPool(name) }
            var pool = try StoredPool.decoded(entry).value(owner: owner, name: name)
            let known = Set(pool.addresses.map(\.address))
            guard removed.isSubset(of: known) else {
                throw ControlPlaneError(.notFound, "the pool \(name) has no address \(removed.subtracting(known).sorted().joined(separator: ", "))")
            }
            pool.addresses.removeAll { removed.contains($0.address) }
            for address in added {
                if let index = pool.addresses.firstIndex(where: { $0.address == address.address }) {
                    pool.addresses[index] = address
                } else {
                    pool.addresses.append(address)
                }
            }
            guard pool.addresses.count <= SendingPool.maximumAddresses else {
                throw ControlPlaneError(.limitExceeded, "a pool has at most \(SendingPool.maximumAddresses) addresses")
            }
            let now = Set(pool.addresses.map(\.address))
            let claim = try StoredPoolAddress(owner: owner?.rawValue ?? "", pool: name).encoded()
            var mutations: [StateMutation] = [.update(key, value: try StoredPool(pool).encoded(), expecting: entry.version)]
            mutations += now.subtracting(known).sorted().map { .create(StoredPoolAddress.key($0), value: claim) }
            mutations += known.subtracting(now).sorted().map { .delete(StoredPoolAddress.key($0), expecting: nil) }
            do {
                try await self.write(mutations)
                return pool
            } catch let error as StateError {
                if error.code == .alreadyExists {
                    throw ControlPlaneError(.alreadyExists, "an address is in another pool already: remove it there first", cause: error)
                }
            }
        }
        throw ControlPlaneError(.conflict, "Another request changes the same resource. Try again.")
    }

    /// Says whether new mail is taken for a pool.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func drainPool(_ name: String, owner: AccountID?, isDraining: Bool) async throws {
        try await self.updatePool(name, owner: owner) { $0.isDraining = isDraining }
    }

    /// Lets a pool's mail, waiting and new, leave from another's addresses.
    ///
    /// - Parameter target: nil to end that.
    /// - Throws: ``ControlPlaneError``: `notFound`, and `invalid` where the mail would go round in a ring.
    package func reroutePool(_ name: String, owner: AccountID?, to target: String?) async throws {
        var next = target
        var steps = 0
        while let step = next, steps <= Self.longestRoute {
            guard let pool = self.snapshot.withLock({ $0.pools[owner]?[step] ?? $0.pools[nil]?[step] }) else { throw Self.missingPool(step) }
            guard pool.name != name || pool.owner != owner else {
                throw ControlPlaneError(.invalid, "the pool \(name) would be rerouted to itself")
            }
            next = pool.reroutedTo
            steps += 1
        }
        guard steps <= Self.longestRoute else {
            throw ControlPlaneError(.invalid, "mail would be rerouted over more than \(Self.longestRoute) pools")
        }
        try await self.updatePool(name, owner: owner) { $0.reroutedTo = target }
    }

    /// Deletes a pool that has no mail.
    ///
    /// - Parameter hasMail: whether mail of the pool waits anywhere; asked once the pool takes no more.
    /// - Throws: ``ControlPlaneError``: `notFound`; `conflict` where configuration sets name it, pools are rerouted to it, or mail waits.
    package func deletePool(_ name: String, owner: AccountID?, hasMail: (SendingPool) async throws -> Bool) async throws {
        guard let pool = self.pool(name, owner: owner) else { throw Self.missingPool(name) }
        if let user = self.firstUser(of: pool) {
            throw ControlPlaneError(.conflict, "The pool <\(name)> is used by \(user).")
        }
        // From here on nothing new comes, so that what is counted stays true.
        if !pool.isDraining { try await self.drainPool(name, owner: owner, isDraining: true) }
        do {
            guard try await !hasMail(pool) else {
                throw ControlPlaneError(.conflict, "The pool <\(name)> has mail: let it drain, or reroute it to another pool.")
            }
        } catch {
            if !pool.isDraining { try? await self.drainPool(name, owner: owner, isDraining: false) }
            throw error
        }
        guard let entry = try await self.entry(StoredPool.key(name, owner: owner)) else { throw Self.missingPool(name) }
        let addresses = try StoredPool.decoded(entry).addresses.map { StateMutation.delete(StoredPoolAddress.key($0.address), expecting: nil) }
        do {
            try await self.write([.delete(StoredPool.key(name, owner: owner), expecting: entry.version)] + addresses)
        } catch let error as StateError {
            throw ControlPlaneError(.conflict, "Another request changes the same resource. Try again.", cause: error)
        }
    }

    static func missingPool(_ name: String) -> ControlPlaneError {
        ControlPlaneError(.notFound, "The requested pool <\(name)> does not exist.")
    }

    /// The pool of mail that names none; nobody can make one of that name.
    package static let defaultPool = "default"
    /// Pools that mail is rerouted over, one after the other.
    private static let longestRoute = 8

    private func updatePool(_ name: String, owner: AccountID?, _ change: (inout SendingPool) -> Void) async throws {
        try await self.update(StoredPool.key(name, owner: owner), missing: Self.missingPool(name)) { entry in
            var pool = try StoredPool.decoded(entry).value(owner: owner, name: name)
            change(&pool)
            return try StoredPool(pool).encoded()
        }
    }

    private func firstUser(of pool: SendingPool) -> String? {
        self.snapshot.withLock { snapshot in
            for (account, sets) in snapshot.configurationSets {
                // An account that has a pool of the same name means its own.
                guard pool.owner == account || (pool.owner == nil && snapshot.pools[account]?[pool.name] == nil) else { continue }
                if let set = sets.values.first(where: { $0.sendingPool == pool.name }) { return "configuration set <\(set.name)>" }
            }
            let others = snapshot.pools.values.joined().map(\.value)
            return others.first { other in
                guard other.reroutedTo == pool.name, other.id != pool.id else { return false }
                return other.owner == pool.owner || (pool.owner == nil && snapshot.pools[other.owner]?[pool.name] == nil)
            }.map { "pool <\($0.name)>, which is rerouted to it" }
        }
    }

    private static func normal(_ address: String) throws(ControlPlaneError) -> String {
        guard let normal = (try? SocketAddress(ipAddress: address, port: 0))?.ipAddress else {
            throw ControlPlaneError(.invalid, "\(address) is no IP address: give one of this host's, such as 192.0.2.1")
        }
        return normal
    }
}
