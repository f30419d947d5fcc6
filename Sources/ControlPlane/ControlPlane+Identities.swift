package import ApusCore
internal import Backends
package import MailMessage
internal import Synchronization

extension ControlPlane {
    /// An identity, from the copy.
    ///
    /// - Parameter name: as the caller wrote it; a domain's case does not matter.
    package func identity(_ name: String, account: AccountID) -> EmailIdentity? {
        guard let normal = try? ResourceName.identity(name).name else { return nil }
        return self.snapshot.withLock { $0.identities[account]?[normal] }
    }

    /// The identity under which an address sends: of the address itself, the address without `+label`, its domain and the domain's
    /// parents, the first that is verified; when none is, the first that exists.
    ///
    /// Callers look at ``EmailIdentity/isVerifiedForSending``.
    package func identity(covering address: EmailAddress, account: AccountID) -> EmailIdentity? {
        self.snapshot.withLock { snapshot in
            guard let identities = snapshot.identities[account] else { return nil }
            var first: EmailIdentity?
            for name in Self.names(covering: address) {
                guard let identity = identities[name] else { continue }
                if identity.isVerifiedForSending { return identity }
                first = first ?? identity
            }
            return first
        }
    }

    /// A page of an account's identities in byte order of their names.
    ///
    /// - Parameters:
    ///   - after: the last name of the page before; nil for the first page.
    ///   - limit: 1…1000.
    /// - Throws: ``ControlPlaneError``.
    package func listIdentities(account: AccountID, after: String?, limit: Int) async throws -> [EmailIdentity] {
        try await self.page(StoredIdentity.collection, account: account, after: after, limit: limit).map { entry in
            try StoredIdentity.decoded(entry).value(account: account, name: entry.key.name)
        }
    }

    /// Creates an identity; a domain gets three DKIM keys, whose making takes a moment.
    ///
    /// - Parameters:
    ///   - name: a domain or an address; Unicode domains become A-labels.
    ///   - configurationSet: its default configuration set, which must exist.
    ///   - tags: at most 50.
    ///   - verified: the operator vouches for it: it may send, and its mail is signed, at once.
    /// - Returns: the identity as SES shows it in its answer: the DKIM status of a new domain is `notStarted`, and `pending` from then on.
    /// - Throws: ``ControlPlaneError``: `invalid`, `alreadyExists`, `notFound` (configuration set), `limitExceeded`, `unavailable`.
    @discardableResult
    package func createIdentity(
        name: String, account: AccountID, configurationSet: String? = nil, tags: [ResourceTag] = [], verified: Bool = false
    ) async throws -> EmailIdentity {
        let (kind, normal) = try ResourceName.identity(name)
        try ResourceName.check(tags)
        if let configurationSet, self.configurationSet(configurationSet, account: account) == nil {
            throw Self.missingConfigurationSet(configurationSet)
        }
        let exists = ControlPlaneError(.alreadyExists, "Email identity \(normal) already exist.")
        let count = self.snapshot.withLock { snapshot in
            snapshot.identities[account]?[normal] == nil ? snapshot.identities[account]?.count ?? 0 : -1
        }
        guard count >= 0 else { throw exists }
        guard count < self.configuration.maximumIdentities else {
            throw ControlPlaneError(.limitExceeded, "Maximum number of identities reached: \(self.configuration.maximumIdentities).")
        }
        let now = self.now()
        let status: VerificationStatus = verified ? .success : .pending
        var identity = EmailIdentity(
            account: account, name: normal, kind: kind, createdAt: now, verification: status, verifiedByOperator: verified,
            configurationSet: configurationSet, tags: tags
        )
        var mutations: [StateMutation] = []
        if kind == .domain {
            let keys = try await self.makeKeys()
            identity.dkim = DKIMState(
                tokens: keys.map(\.token), publicKeys: keys.map(\.publicKey), keysGeneratedAt: now, status: status
            )
            for made in keys {
                let key = StoredSigningKey.key(selector: made.token, domain: normal, account: account)
                let stored = try StoredSigningKey(made.key, createdAt: now, at: key, sealer: self.sealer)
                mutations.append(.create(key, value: try stored.encoded()))
            }
        }
        let key = StoredIdentity.key(normal, account: account)
        mutations.insert(.create(key, value: try StoredIdentity(identity).encoded()), at: 0)
        do {
            try await self.write(mutations)
        } catch is StateError {
            throw exists
        }
        if !verified { identity.dkim?.status = .notStarted }
        return identity
    }

    /// Deletes an identity with its keys.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func deleteIdentity(_ name: String, account: AccountID) async throws {
        let missing = ControlPlaneError(.notFound, "Email identity \(name) does not exist.")
        guard let normal = try? ResourceName.identity(name).name else { throw missing }
        let key = StoredIdentity.key(normal, account: account)
        for _ in 0..<8 {
            guard let entry = try await self.entry(key) else { throw missing }
            var mutations: [StateMutation] = [.delete(key, expecting: entry.version)]
            for token in try StoredIdentity.decoded(entry).dkim?.tokens ?? [] {
                let key = StoredSigningKey.key(selector: token, domain: normal, account: account)
                if try await self.entry(key) != nil { mutations.append(.delete(key, expecting: nil)) }
            }
            do {
                try await self.write(mutations)
                return
            } catch is StateError {
                continue
            }
        }
        throw ControlPlaneError(.conflict, "Another request changes the same resource. Try again.")
    }

    /// Changes the parts of an identity that its owner may change: signing, default configuration set, tags, feedback forwarding.
    ///
    /// - Parameter change: may run more than once.
    /// - Throws: ``ControlPlaneError``, and what `change` throws.
    @discardableResult
    package func updateIdentity(
        _ name: String, account: AccountID, _ change: (inout EmailIdentity) throws -> Void
    ) async throws -> EmailIdentity {
        let missing = ControlPlaneError(.notFound, "Email identity <\(name)> does not exist.")
        guard let normal = try? ResourceName.identity(name).name else { throw missing }
        var result: EmailIdentity?
        try await self.update(StoredIdentity.key(normal, account: account), missing: missing) { entry in
            let before = try StoredIdentity.decoded(entry).value(account: account, name: normal)
            var identity = before
            try change(&identity)
            try ResourceName.check(identity.tags)
            result = identity
            return identity == before ? nil : try StoredIdentity(identity).encoded()
        }
        guard let result else { throw missing }
        return result
    }

    /// The operator vouches for an identity that exists: it may send, and its mail is signed, at once.
    ///
    /// - Throws: ``ControlPlaneError``: `notFound`, `unavailable`.
    @discardableResult
    package func vouch(for name: String, account: AccountID) async throws -> EmailIdentity {
        try await self.updateIdentity(name, account: account) { identity in
            identity.verification = .success
            identity.verifiedByOperator = true
            identity.verificationError = nil
            identity.failingSince = nil
            identity.dkim?.status = .success
        }
    }

    /// Begins the verification anew, for an identity that was not found in time; its keys and records stay the same.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func restartVerification(_ name: String, account: AccountID) async throws {
        let now = self.now()
        try await self.updateIdentity(name, account: account) { identity in
            guard !identity.verification.isUsable else { return }
            identity.verification = .pending
            identity.dkim?.status = .pending
            identity.verificationStartedAt = now
            identity.verificationError = nil
            identity.lastCheckedAt = nil
        }
    }

    /// The names that cover an address, the most specific first.
    private static func names(covering address: EmailAddress) -> [String] {
        var names = [address.addrSpec]
        let local = address.localPart.utf8
        if local.first != UInt8(ascii: "\""), let plus = local.firstIndex(of: UInt8(ascii: "+")), plus != local.startIndex {
            names.append("\(address.localPart[..<plus])@\(address.domain)")
        }
        return names + Self.domainAndParents(address.domain)
    }

    /// A domain and its parents, down to two labels.
    static func domainAndParents(_ domain: String) -> [String] {
        var names: [String] = []
        var rest = domain[...]
        while rest.utf8.contains(UInt8(ascii: ".")) {
            names.append(String(rest))
            guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { break }
            rest = rest[rest.utf8.index(after: dot)...]
        }
        return names
    }
}
