package import ApusCore

/// A domain or an address that an account may send from, once it is verified.
package struct EmailIdentity: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, Codable {
        case domain = "DOMAIN"
        case emailAddress = "EMAIL_ADDRESS"
    }

    package let account: AccountID
    /// A domain in lower-case A-labels, or an address with such a domain; the local part keeps its case.
    package let name: String
    package let kind: Kind
    package let createdAt: UnixMilliseconds
    /// When the verification under way, or the last one, was asked for.
    package var verificationStartedAt: UnixMilliseconds
    package var verification: VerificationStatus
    /// Why the last look did not find what it should; a ``VerificationError``.
    package var verificationError: VerificationError?
    package var lastCheckedAt: UnixMilliseconds?
    package var lastSuccessAt: UnixMilliseconds?
    /// Since when a verified identity's records are known to be missing or wrong.
    package var failingSince: UnixMilliseconds?
    /// The operator vouches for it: it counts as verified whatever DNS says.
    package var verifiedByOperator: Bool
    /// The keys of a domain; nil for an address.
    package var dkim: DKIMState?
    /// The configuration set for messages that name none.
    package var configurationSet: String?
    package var tags: [ResourceTag]
    /// Whether bounces and complaints are forwarded by mail.
    package var feedbackForwarding: Bool

    package init(
        account: AccountID, name: String, kind: Kind, createdAt: UnixMilliseconds, verification: VerificationStatus = .pending,
        verifiedByOperator: Bool = false, dkim: DKIMState? = nil, configurationSet: String? = nil, tags: [ResourceTag] = [],
        feedbackForwarding: Bool = true
    ) {
        self.account = account
        self.name = name
        self.kind = kind
        self.createdAt = createdAt
        self.verificationStartedAt = createdAt
        self.verification = verification
        self.verifiedByOperator = verifiedByOperator
        self.dkim = dkim
        self.configurationSet = configurationSet
        self.tags = tags
        self.feedbackForwarding = feedbackForwarding
    }

    /// Whether messages may be sent from it.
    package var isVerifiedForSending: Bool { self.verification.isUsable }

    /// Whether mail from it is signed with its keys.
    package var isSigning: Bool { self.dkim.map { $0.signingEnabled && $0.status.isUsable } ?? false }
}
