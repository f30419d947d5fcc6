import ApusCore
import Backends
import ControlPlane
import EmbeddedBackends
import Foundation
import Testing

/// Documents as the first release wrote them. They must be read forever: add to these, never change them.
@Suite struct StoredDocumentTests {
    private static let fixtures: [(StateKey, String)] = [
        (
            StateKey(collection: "account", scope: "", name: "123456789012"),
            #"{"document":{"createdAt":1700000000000,"maximum24HourSend":50000,"maximumSendRate":14.5,"name":"acme","sendingEnabled":true},"schema":1}"#
        ),
        (StateKey(collection: "account-name", scope: "", name: "acme"), #"{"document":{"account":"123456789012"},"schema":1}"#),
        (
            StateKey(collection: "access-key", scope: "", name: "AKIAEXAMPLE"),
            #"{"document":{"account":"123456789012","createdAt":1700000000001,"isActive":true,"sealedSecret":"\#(SecretSealerFixture.sealed)"},"schema":1}"#
        ),
        (
            StateKey(collection: "identity", scope: "123456789012", name: "example.com"),
            #"{"document":{"configurationSet":"news","createdAt":1700000000002,"dkim":{"keyLength":2048,"keysGeneratedAt":1700000000003,"publicKeys":[{"record":"v=DKIM1; k=rsa; p=AAAA","type":"rsa"},{"record":"v=DKIM1; k=ed25519; p=BBBB","type":"ed25519"},{"record":"v=DKIM1; k=rsa; p=CCCC","type":"rsa"}],"signingEnabled":true,"status":"TEMPORARY_FAILURE","tokens":["a","b","c"]},"failingSince":1700000000007,"feedbackForwarding":true,"kind":"DOMAIN","lastCheckedAt":1700000000004,"lastSuccessAt":1700000000005,"tags":[{"key":"k","value":"v"}],"verification":"TEMPORARY_FAILURE","verificationError":"HOST_NOT_FOUND","verificationStartedAt":1700000000006,"verifiedByOperator":false},"schema":1}"#
        ),
        (
            StateKey(collection: "identity", scope: "123456789012", name: "a@example.com"),
            #"{"document":{"createdAt":1700000000002,"feedbackForwarding":false,"kind":"EMAIL_ADDRESS","tags":[],"verification":"PENDING","verificationStartedAt":1700000000002,"verifiedByOperator":false},"schema":1}"#
        ),
        (
            StateKey(collection: "configuration-set", scope: "123456789012", name: "news"),
            #"{"document":{"createdAt":1700000000008,"maxDeliverySeconds":600,"reputationMetricsEnabled":true,"sendingEnabled":false,"sendingPool":"pool","suppressedReasons":["BOUNCE","COMPLAINT"],"tags":[],"tlsPolicy":"REQUIRE","tracking":{"customRedirectDomain":"t.example.com","httpsPolicy":"REQUIRE_OPEN_ONLY"}},"schema":1}"#
        ),
        (
            StateKey(collection: "pool", scope: "123456789012", name: "pool"),
            #"{"document":{"addresses":[{"address":"192.0.2.1","weight":3}],"createdAt":1700000000009,"draining":true,"reroutedTo":"other","scalingMode":"MANAGED","tags":[{"key":"k","value":"v"}]},"schema":1}"#
        ),
        (StateKey(collection: "pool-address", scope: "", name: "192.0.2.1"), #"{"document":{"owner":"123456789012","pool":"pool"},"schema":1}"#),
    ]

    @Test func documentsOfTheFirstReleaseAreRead() async throws {
        let fixture = try await ControlPlaneFixture()
        for (key, text) in Self.fixtures { try await fixture.store.write([.put(key, value: Array(text.utf8))]) }
        let plane = try await fixture.second()
        let account = try #require(plane.account(named: "acme"))
        #expect(account.id.rawValue == "123456789012" && account.maximum24HourSend == 50_000 && account.maximumSendRate == 14.5)
        #expect(plane.accessKey(id: "AKIAEXAMPLE")?.secret == "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let domain = try #require(plane.identity("example.com", account: account.id))
        #expect(domain.verification == .temporaryFailure && domain.verificationError == .hostNotFound && domain.isSigning)
        #expect(domain.dkim?.tokens == ["a", "b", "c"] && domain.dkim?.ed25519 == true)
        #expect(domain.failingSince == UnixMilliseconds(1_700_000_000_007) && domain.configurationSet == "news")
        let address = try #require(plane.identity("a@example.com", account: account.id))
        #expect(address.kind == .emailAddress && address.dkim == nil && !address.feedbackForwarding)
        let set = try #require(plane.configurationSet("news", account: account.id))
        #expect(set.tlsPolicy == .require && set.maxDeliverySeconds == 600 && set.suppressedReasons == [.bounce, .complaint])
        let pool = try #require(plane.pool("pool", owner: account.id))
        #expect(pool.addresses == [.init(address: "192.0.2.1", weight: 3)] && pool.isDraining && pool.reroutedTo == "other")
        #expect(pool.scalingMode == .managed && pool.tags == [.init(key: "k", value: "v")])
        #expect(set.tracking == .init(customRedirectDomain: "t.example.com", httpsPolicy: .requireOpenOnly))
    }

    /// What this release writes is what the fixtures say, so that they stay the truth.
    @Test func documentsAreWrittenInTheSameForm() async throws {
        let fixture = try await ControlPlaneFixture()
        for (key, text) in Self.fixtures { try await fixture.store.write([.put(key, value: Array(text.utf8))]) }
        let plane = try await fixture.second()
        let account = try #require(plane.account(named: "acme")).id
        try await plane.updateAccount(account) { _ in }
        try await plane.updateConfigurationSet("news", account: account) { $0.sendingEnabled.toggle() }
        try await plane.updateConfigurationSet("news", account: account) { $0.sendingEnabled.toggle() }
        try await plane.drainPool("pool", owner: account, isDraining: false)
        try await plane.drainPool("pool", owner: account, isDraining: true)
        for name in ["example.com", "a@example.com"] {
            try await plane.updateIdentity(name, account: account) { $0.feedbackForwarding.toggle() }
            try await plane.updateIdentity(name, account: account) { $0.feedbackForwarding.toggle() }
        }
        for (key, text) in Self.fixtures {
            let value = try #require(try await fixture.store.get(key)).value
            #expect(String(decoding: value, as: UTF8.self) == text)
        }
    }

    @Test(arguments: [
        #"{"document":{},"schema":2}"#, #"{"document":{},"schema":1}"#, #"{"schema":1}"#, "{}", "", "null", "[]", "\u{0}",
        #"{"document":{"createdAt":"x"},"schema":1}"#, String(repeating: "[", count: 10_000),
    ])
    func whatCannotBeReadStopsTheStart(text: String) async throws {
        let fixture = try await ControlPlaneFixture()
        try await fixture.store.write([.put(StateKey(collection: "configuration-set", scope: "123456789012", name: "x"), value: Array(text.utf8))])
        let error = await #expect(throws: ControlPlaneError.self) { _ = try await fixture.second() }
        #expect(error?.code == .unreadable)
        #expect(!text.contains("schema\":2") || error?.message.contains("schema 2") == true)
    }

    /// One bad document must not stop the others from being followed.
    @Test func aBadDocumentDoesNotStopTheFeed() async throws {
        let fixture = try await ControlPlaneFixture()
        try await fixture.store.write([.put(StateKey(collection: "configuration-set", scope: "123456789012", name: "x"), value: [1])])
        try await fixture.store.write([.put(StateKey(collection: "identity", scope: "no account", name: "x"), value: [1])])
        let account = try await fixture.controlPlane.createAccount(name: "acme")
        #expect(fixture.controlPlane.account(named: "acme") == account)
    }
}
