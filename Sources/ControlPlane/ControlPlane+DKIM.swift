package import ApusCore
internal import Backends
internal import MailAuthentication
internal import NIOPosix
internal import Synchronization

extension ControlPlane {
    /// A new key and its selector.
    struct MadeKey: Sendable {
        let token: String
        let key: DKIMKey
        let publicKey: DKIMState.PublicKey
    }

    /// The keys that mail from a domain is signed with: RSA first, then Ed25519 where there is one.
    ///
    /// They belong to the most specific domain identity, the domain's own or a parent's, whose keys are verified.
    ///
    /// - Parameter domain: the domain of the From address.
    /// - Returns: empty when there is no such identity, or its signing is switched off.
    /// - Throws: ``ControlPlaneError``.
    package func signingKeys(domain: String, account: AccountID) async throws -> [SigningKey] {
        guard let normal = try? ResourceName.domain(domain) else { return [] }
        let (identity, cached) = self.snapshot.withLock { snapshot -> (EmailIdentity?, [SigningKey]?) in
            guard let identities = snapshot.identities[account] else { return (nil, nil) }
            for name in Self.domainAndParents(normal) {
                guard let identity = identities[name], identity.dkim?.status.isUsable == true else { continue }
                return (identity, snapshot.signingKeys[ControlPlaneSnapshot.Domain(account: account, name: name)])
            }
            return (nil, nil)
        }
        guard let identity, identity.isSigning, let dkim = identity.dkim else { return [] }
        if let cached { return cached }
        var keys: [SigningKey] = []
        for (index, token) in dkim.tokens.enumerated() where index == 0 || dkim.publicKeys[index].type == "ed25519" {
            let stateKey = StoredSigningKey.key(selector: token, domain: identity.name, account: account)
            guard let entry = try await self.entry(stateKey) else {
                throw ControlPlaneError(.unreadable, "a signing key is missing")
            }
            do {
                let key = try StoredSigningKey.decoded(entry).value(at: stateKey, sealer: self.sealer)
                keys.append(SigningKey(selector: token, domain: identity.name, key: key))
            } catch let error as SealError {
                throw ControlPlaneError(.unreadable, error.message, cause: error)
            } catch let error as DKIMError {
                throw ControlPlaneError(.unreadable, "a signing key is damaged", cause: error)
            }
        }
        self.snapshot.withLock { [keys] in $0.keep(keys, of: identity) }
        return keys
    }

    /// The DNS records that verify a domain identity and publish its keys; none for an address.
    ///
    /// With a zone for keys: per key the alias in the identity's zone and the target in the installation's. In any case: per key the
    /// direct record, to be published instead of the alias.
    ///
    /// - Throws: nothing today; kept so for identities whose records can be unknown.
    package func dnsRecords(for identity: EmailIdentity) throws -> [ZoneRecord] {
        guard let dkim = identity.dkim else { return [] }
        let keys = Array(zip(dkim.tokens, dkim.publicKeys))
        var records: [ZoneRecord] = []
        if let zone = self.configuration.dkimZone {
            for (token, _) in keys {
                records.append(
                    ZoneRecord(purpose: .alias, name: Self.selectorName(token, identity.name), type: .cname, value: "\(token).\(zone)")
                )
            }
            for (token, key) in keys {
                records.append(ZoneRecord(purpose: .target, name: "\(token).\(zone)", type: .txt, value: key.record))
            }
        }
        for (token, key) in keys {
            records.append(ZoneRecord(purpose: .direct, name: Self.selectorName(token, identity.name), type: .txt, value: key.record))
        }
        return records
    }

    /// The name under which a selector's key is looked up (RFC 6376, section 3.6.2.1).
    static func selectorName(_ selector: String, _ domain: String) -> String {
        "\(selector)._domainkey.\(domain)"
    }

    /// Makes the three keys of a domain, on threads for blocking work: an RSA key takes some 50 ms.
    func makeKeys() async throws -> [MadeKey] {
        let ed25519 = self.configuration.ed25519
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                try (0..<3).map { index in
                    let key = index == 1 && ed25519 ? try DKIMKey.generateEd25519() : try DKIMKey.generateRSA(bits: 2048)
                    let publicKey = DKIMState.PublicKey(type: key.algorithm.keyType, record: try key.recordText())
                    return MadeKey(token: Self.makeToken(), key: key, publicKey: publicKey)
                }
            }
        } catch {
            throw ControlPlaneError(.unavailable, "the DKIM keys cannot be made", cause: error)
        }
    }

    private static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(decoding: (0..<32).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }, as: UTF8.self)
    }
}
