package import ControlPlane
internal import MailMessage

/// A message as a caller hands it in, through whichever entrance.
package struct Submission: Sendable {
    /// The message itself.
    package enum Content: Sendable {
        /// A whole message (RFC 5322) as the caller wrote it.
        case raw([UInt8])
        /// Pieces that are composed here.
        case simple(SimpleContent)
    }

    /// A name and value that the message's events carry.
    package struct Tag: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The caller's account.
    package var account: Account
    /// The operation called, such as `SendEmail`: the automatic tag `ses:operation`.
    package var operation: String
    /// The caller's address: the automatic tag `ses:source-ip`.
    package var sourceIP: String
    /// Who called, the access key's id: the automatic tag `ses:caller-identity`.
    package var callerIdentity: String
    /// The sender as given, with or without a display name; nil takes the raw message's From.
    package var from: String?
    /// Recipients as given. When all three are nil, a raw message's own To, Cc and Bcc name them.
    package var to: [String]?
    package var cc: [String]?
    package var bcc: [String]?
    /// Reply-To of simple content.
    package var replyTo: [String]
    /// Where bounces and complaints are to be mailed; it must be verified like the sender.
    package var feedbackForwardingAddress: String?
    /// ARNs of identities whose owners allow the caller to send; only those of the caller's own account are accepted.
    package var identityARNs: [String]
    package var content: Content
    /// The configuration set asked for; nil takes a raw message's header, or the identity's default.
    package var configurationSet: String?
    /// The message's tags; nil takes a raw message's header.
    package var tags: [Tag]?

    package init(
        account: Account, operation: String, sourceIP: String, callerIdentity: String, from: String?, to: [String]? = nil,
        cc: [String]? = nil, bcc: [String]? = nil, replyTo: [String] = [], feedbackForwardingAddress: String? = nil,
        identityARNs: [String] = [], content: Content, configurationSet: String? = nil, tags: [Tag]? = nil
    ) {
        self.account = account
        self.operation = operation
        self.sourceIP = sourceIP
        self.callerIdentity = callerIdentity
        self.from = from
        self.to = to
        self.cc = cc
        self.bcc = bcc
        self.replyTo = replyTo
        self.feedbackForwardingAddress = feedbackForwardingAddress
        self.identityARNs = identityARNs
        self.content = content
        self.configurationSet = configurationSet
        self.tags = tags
    }

    /// The bytes of the content as given, about.
    var contentBytes: Int {
        switch self.content {
        case .raw(let bytes): bytes.count
        case .simple(let simple): simple.byteCount
        }
    }
}
