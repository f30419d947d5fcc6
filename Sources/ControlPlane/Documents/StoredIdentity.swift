internal import ApusCore
internal import Backends

/// ``EmailIdentity`` in the store, under its account and name.
struct StoredIdentity: StoredDocument {
    static let collection = "identity"

    struct DKIM: Codable, Sendable {
        struct PublicKey: Codable, Sendable {
            var type: String
            var record: String
        }

        var tokens: [String]
        var publicKeys: [PublicKey]
        var keyLength: Int
        var keysGeneratedAt: Int64
        var signingEnabled: Bool
        var status: VerificationStatus
    }

    var kind: EmailIdentity.Kind
    var createdAt: Int64
    var verificationStartedAt: Int64
    var verification: VerificationStatus
    var verificationError: VerificationError?
    var lastCheckedAt: Int64?
    var lastSuccessAt: Int64?
    var failingSince: Int64?
    var verifiedByOperator: Bool
    var dkim: DKIM?
    var configurationSet: String?
    var tags: [ResourceTag]
    var feedbackForwarding: Bool

    init(_ identity: EmailIdentity) {
        self.kind = identity.kind
        self.createdAt = identity.createdAt.rawValue
        self.verificationStartedAt = identity.verificationStartedAt.rawValue
        self.verification = identity.verification
        self.verificationError = identity.verificationError
        self.lastCheckedAt = identity.lastCheckedAt?.rawValue
        self.lastSuccessAt = identity.lastSuccessAt?.rawValue
        self.failingSince = identity.failingSince?.rawValue
        self.verifiedByOperator = identity.verifiedByOperator
        self.dkim = identity.dkim.map { state in
            DKIM(
                tokens: state.tokens, publicKeys: state.publicKeys.map { DKIM.PublicKey(type: $0.type, record: $0.record) },
                keyLength: state.keyLength, keysGeneratedAt: state.keysGeneratedAt.rawValue, signingEnabled: state.signingEnabled,
                status: state.status
            )
        }
        self.configurationSet = identity.configurationSet
        self.tags = identity.tags
        self.feedbackForwarding = identity.feedbackForwarding
    }

    func value(account: AccountID, name: String) -> EmailIdentity {
        var identity = EmailIdentity(
            account: account, name: name, kind: self.kind, createdAt: UnixMilliseconds(self.createdAt), verification: self.verification,
            verifiedByOperator: self.verifiedByOperator, configurationSet: self.configurationSet, tags: self.tags,
            feedbackForwarding: self.feedbackForwarding
        )
        identity.verificationStartedAt = UnixMilliseconds(self.verificationStartedAt)
        identity.verificationError = self.verificationError
        identity.lastCheckedAt = self.lastCheckedAt.map { UnixMilliseconds($0) }
        identity.lastSuccessAt = self.lastSuccessAt.map { UnixMilliseconds($0) }
        identity.failingSince = self.failingSince.map { UnixMilliseconds($0) }
        identity.dkim = self.dkim.map { stored in
            DKIMState(
                tokens: stored.tokens, publicKeys: stored.publicKeys.map { DKIMState.PublicKey(type: $0.type, record: $0.record) },
                keyLength: stored.keyLength, keysGeneratedAt: UnixMilliseconds(stored.keysGeneratedAt),
                signingEnabled: stored.signingEnabled, status: stored.status
            )
        }
        return identity
    }

    static func key(_ name: String, account: AccountID) -> StateKey {
        StateKey(collection: Self.collection, scope: account.rawValue, name: name)
    }
}
