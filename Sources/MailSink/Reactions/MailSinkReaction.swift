import SMTPProtocol

/// Something that recipients do after their provider has accepted a message.
package struct MailSinkReaction: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// The provider finds out later that it cannot deliver, and says so (RFC 3464).
        case dsn
        /// The recipient calls the message spam (RFC 5965).
        case complaint
        /// The recipient's program loads the images.
        case open
        /// The recipient follows a link.
        case click
    }

    package var kind: Kind
    /// The share of recipients who do it, 0…1.
    package var share: Double
    /// From acceptance on.
    package var delay: Distribution<Milliseconds>
    /// Only recipients that match; nil for all.
    package var recipient: String? { didSet { pattern = recipient.map(GlobPattern.init) } }
    /// Where a complaint goes; nil is the return path.
    package var to: String?
    /// Why a DSN says that it failed.
    package var reply: ReplyTemplate
    /// What a DSN tells a person; nil is a usual text.
    package var text: String?
    private var pattern: GlobPattern?

    package init(_ kind: Kind, share: Double, delay: Distribution<Milliseconds> = .constant(0), recipient: String? = nil) {
        self.kind = kind
        self.share = share
        self.delay = delay
        self.recipient = recipient
        pattern = recipient.map(GlobPattern.init)
        reply = ReplyTemplate(SMTPReply(code: 550, text: "5.1.1 <{recipient}>: user does not exist"))
    }

    func isMeant(for recipient: String) -> Bool { pattern?.matches(recipient) ?? true }
}
