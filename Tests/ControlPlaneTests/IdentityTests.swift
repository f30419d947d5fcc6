import ApusCore
import Backends
import ControlPlane
import EmbeddedBackends
import MailAuthentication
import MailMessage
import Testing

@Suite struct IdentityTests {
    @Test func aDomainGetsThreeKeysAndItsRecords() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let created = try await fixture.controlPlane.createIdentity(
            name: "Mail.EXAMPLE.com", account: account.id, tags: [ResourceTag(key: "k", value: "v")]
        )
        #expect(created.name == "mail.example.com" && created.kind == .domain && created.verification == .pending)
        #expect(created.dkim?.status == .notStarted)
        let identity = try #require(fixture.controlPlane.identity("MAIL.example.COM", account: account.id))
        #expect(identity.dkim?.status == .pending && !identity.isVerifiedForSending && !identity.isSigning)
        let dkim = try #require(identity.dkim)
        #expect(dkim.tokens.count == 3 && Set(dkim.tokens).count == 3 && Set(dkim.publicKeys).count == 3)
        for token in dkim.tokens {
            #expect(token.utf8.count == 32 && token.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) })
        }
        let records = try fixture.controlPlane.dnsRecords(for: identity)
        #expect(records.map(\.purpose) == [.alias, .alias, .alias, .target, .target, .target, .direct, .direct, .direct])
        #expect(records[0].zoneFileLine == "\(dkim.tokens[0])._domainkey.mail.example.com. IN CNAME \(dkim.tokens[0]).dkim.apus.test.")
        let text = records[3].value
        #expect(text.hasPrefix("v=DKIM1; k=rsa; p=MII") && text.utf8.count > 400)
        #expect(records[3].zoneFileLine == "\(dkim.tokens[0]).dkim.apus.test. IN TXT \"\(text.prefix(255))\" \"\(text.dropFirst(255))\"")
        #expect(records[6].name == "\(dkim.tokens[0])._domainkey.mail.example.com" && records[6].value == text)
    }

    @Test func withoutAZoneOnlyDirectRecordsArePublished() async throws {
        let fixture = try await ControlPlaneFixture(configuration: .init(domain: "apus.test"))
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let identity = try await fixture.controlPlane.createIdentity(name: "example.com", account: account.id)
        #expect(try fixture.controlPlane.dnsRecords(for: identity).map(\.purpose) == [.direct, .direct, .direct])
    }

    @Test func aSecondCreationIsRefusedInSESsWords() async throws {
        let fixture = try await ControlPlaneFixture()
        let other = try await fixture.second()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        try await fixture.controlPlane.createIdentity(name: "a@example.com", account: account.id)
        // The second process has not seen it, so the store must.
        let error = await #expect(throws: ControlPlaneError.self) {
            try await other.createIdentity(name: "a@EXAMPLE.com", account: account.id)
        }
        #expect(error?.code == .alreadyExists)
        #expect(error?.message == "Email identity a@example.com already exist.")
        #expect(error.map { !"\($0)".contains("example.com") } == true)
        // Another account may have it too.
        let beta = try await fixture.controlPlane.createAccount(name: "beta")
        try await fixture.controlPlane.createIdentity(name: "a@example.com", account: beta.id)
    }

    @Test func anUnknownConfigurationSetFailsTheWholeCall() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let error = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.createIdentity(name: "example.com", account: account.id, configurationSet: "none")
        }
        #expect(error?.code == .notFound)
        #expect(error?.message == "Configuration set <none> does not exist.")
        #expect(fixture.controlPlane.identity("example.com", account: account.id) == nil)
    }

    @Test(arguments: [
        "", " ", "com", "example", "example..com", ".example.com", "-a.example.com", "exa mple.com", "example.com\r\nX: y", "example.com\0", "@",
        "a@", "@example.com", "a@b@", "a b@example.com", "a@exa mple.com", "a\r\n@example.com", "é@example.com", "192.0.2.1", "[192.0.2.1]",
        "a@[192.0.2.1]", String(repeating: "a", count: 65) + "@example.com", String(repeating: "a.", count: 200) + "com", "/etc/passwd",
        "example.com/token", "\u{feff}example.com", "exa\u{202e}mple.com",
    ])
    func hostileNamesAreRefused(name: String) async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let error = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.createIdentity(name: name, account: account.id)
        }
        #expect(error?.code == .invalid)
        #expect(fixture.controlPlane.identity(name, account: account.id) == nil)
        let missing = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.deleteIdentity(name, account: account.id)
        }
        #expect(missing?.code == .notFound)
    }

    @Test func unicodeDomainsBecomeALabels() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        let identity = try await fixture.controlPlane.createIdentity(name: "user@Bücher.example", account: account.id)
        #expect(identity.name == "user@xn--bcher-kva.example")
        #expect(fixture.controlPlane.identity("user@bücher.example", account: account.id) != nil)
        // The local part's case is kept, and counts.
        #expect(fixture.controlPlane.identity("USER@bücher.example", account: account.id) == nil)
    }

    @Test func theMostSpecificVerifiedIdentityCovers() async throws {
        let fixture = try await ControlPlaneFixture()
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        func covering(_ address: String) throws -> String? {
            plane.identity(covering: try EmailAddress(address), account: account)?.name
        }
        try await plane.createIdentity(name: "user@sub.example.com", account: account, verified: true)
        #expect(try covering("user@sub.example.com") == "user@sub.example.com")
        #expect(try covering("user+label+more@sub.example.com") == "user@sub.example.com")
        #expect(try covering("User@sub.example.com") == nil)
        #expect(try covering("+label@sub.example.com") == nil)
        #expect(try covering("other@sub.example.com") == nil)
        try await plane.createIdentity(name: "example.com", account: account, verified: true)
        #expect(try covering("other@deep.sub.example.com") == "example.com")
        #expect(try covering("a@notexample.com") == nil)
        #expect(try covering("a@com") == nil)
        // One that is not verified does not stand before one that is…
        try await plane.createIdentity(name: "other@sub.example.com", account: account)
        #expect(try covering("other@sub.example.com") == "example.com")
        // …and is shown when there is none better.
        try await plane.createIdentity(name: "new@else.org", account: account)
        #expect(try covering("new@else.org") == "new@else.org")
        #expect(plane.identity(covering: try EmailAddress("new@else.org"), account: account)?.isVerifiedForSending == false)
        // Other accounts have nothing of it.
        let beta = try await plane.createAccount(name: "beta").id
        #expect(plane.identity(covering: try EmailAddress("user@sub.example.com"), account: beta) == nil)
    }

    @Test func signingKeysAreThoseOfTheNearestVerifiedDomain() async throws {
        let fixture = try await ControlPlaneFixture(configuration: .init(dkimZone: "dkim.apus.test", domain: "apus.test", ed25519: true))
        let plane = fixture.controlPlane
        let account = try await plane.createAccount(name: "acme").id
        try await plane.createIdentity(name: "example.com", account: account, verified: true)
        try await plane.createIdentity(name: "sub.example.com", account: account)
        let identity = try #require(plane.identity("example.com", account: account))
        for domain in ["example.com", "EXAMPLE.com", "sub.example.com", "a.b.example.com"] {
            let keys = try await plane.signingKeys(domain: domain, account: account)
            #expect(keys.map(\.domain) == ["example.com", "example.com"])
            #expect(keys.map(\.selector) == Array(try #require(identity.dkim).tokens.prefix(2)))
            #expect(keys.map(\.key.algorithm) == [.rsaSHA256, .ed25519SHA256])
            #expect(try keys.map { try $0.key.recordText() } == identity.dkim?.publicKeys.prefix(2).map(\.record))
        }
        // Kept, not opened again.
        let first = try await plane.signingKeys(domain: "example.com", account: account)
        let second = try await plane.signingKeys(domain: "example.com", account: account)
        #expect(first[0].key === second[0].key)
        for domain in ["com", "other.org", "", "not a domain", "example.com\0"] {
            #expect(try await plane.signingKeys(domain: domain, account: account).isEmpty)
        }
        let beta = try await plane.createAccount(name: "beta").id
        #expect(try await plane.signingKeys(domain: "example.com", account: beta).isEmpty)
        try await plane.updateIdentity("example.com", account: account) { $0.dkim?.signingEnabled = false }
        #expect(try await plane.signingKeys(domain: "example.com", account: account).isEmpty)
    }

    @Test func keysAreNotReadableInTheStoreNorInAnotherPlace() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme").id
        let identity = try await fixture.controlPlane.createIdentity(name: "example.com", account: account, verified: true)
        let tokens = try #require(identity.dkim).tokens
        let keys = tokens.map { StateKey(collection: "dkim-key", scope: account.rawValue, name: "example.com/\($0)") }
        let first = try #require(try await fixture.store.get(keys[0]))
        // Under another selector's name it does not open.
        try await fixture.store.write([.put(keys[0], value: try #require(try await fixture.store.get(keys[1])).value)])
        let error = await #expect(throws: ControlPlaneError.self) {
            _ = try await fixture.second().signingKeys(domain: "example.com", account: account)
        }
        #expect(error?.code == .unreadable)
        try await fixture.store.write([.put(keys[0], value: first.value)])
        #expect(try await fixture.second().signingKeys(domain: "example.com", account: account).count == 1)
    }

    @Test func deletionTakesTheKeysAlong() async throws {
        let fixture = try await ControlPlaneFixture()
        let account = try await fixture.controlPlane.createAccount(name: "acme").id
        try await fixture.controlPlane.createIdentity(name: "example.com", account: account, verified: true)
        #expect(try await fixture.controlPlane.signingKeys(domain: "example.com", account: account).count == 1)
        try await fixture.controlPlane.deleteIdentity("Example.com", account: account)
        #expect(fixture.controlPlane.identity("example.com", account: account) == nil)
        #expect(try await fixture.controlPlane.signingKeys(domain: "example.com", account: account).isEmpty)
        #expect(try await fixture.store.list(collection: "dkim-key", scope: nil, after: nil, limit: 10).isEmpty)
        let error = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.deleteIdentity("Example.com", account: account)
        }
        #expect(error?.message == "Email identity Example.com does not exist.")
        // Made anew, it has other keys.
        try await fixture.controlPlane.createIdentity(name: "example.com", account: account)
    }

    @Test func limitsHold() async throws {
        let fixture = try await ControlPlaneFixture(
            configuration: .init(domain: "apus.test", maximumIdentities: 1, maximumConfigurationSets: 1, maximumAccessKeys: 1)
        )
        let account = try await fixture.controlPlane.createAccount(name: "acme").id
        try await fixture.controlPlane.createIdentity(name: "a@x.org", account: account)
        try await fixture.controlPlane.createConfigurationSet(ConfigurationSet(account: account, name: "a", createdAt: UnixMilliseconds(0)))
        _ = try await fixture.controlPlane.createAccessKey(account: account)
        let identity = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.createIdentity(name: "b@x.org", account: account)
        }
        let set = await #expect(throws: ControlPlaneError.self) {
            try await fixture.controlPlane.createConfigurationSet(ConfigurationSet(account: account, name: "b", createdAt: UnixMilliseconds(0)))
        }
        let key = await #expect(throws: ControlPlaneError.self) { _ = try await fixture.controlPlane.createAccessKey(account: account) }
        #expect([identity?.code, set?.code, key?.code] == [.limitExceeded, .limitExceeded, .limitExceeded])
    }
}
