/// What the words of a reply speak of, whatever its codes say.
struct ReplySignals: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    /// No such mailbox.
    static let noSuchUser = ReplySignals(rawValue: 1 << 0)
    /// The mailbox is over its quota.
    static let mailboxFull = ReplySignals(rawValue: 1 << 1)
    /// The message is too large.
    static let tooLarge = ReplySignals(rawValue: 1 << 2)
    /// The content is taken for spam.
    static let spam = ReplySignals(rawValue: 1 << 3)
    /// An attachment is the reason, a virus included.
    static let attachment = ReplySignals(rawValue: 1 << 4)
    /// The sending address is blocked or has a bad name.
    static let address = ReplySignals(rawValue: 1 << 5)
    /// Too much at once: messages, connections.
    static let rate = ReplySignals(rawValue: 1 << 6)
    /// Come back later, this is a test.
    static let greylist = ReplySignals(rawValue: 1 << 7)
    /// SPF, DKIM or DMARC.
    static let authentication = ReplySignals(rawValue: 1 << 8)
    /// More recipients than one transaction takes.
    static let tooManyRecipients = ReplySignals(rawValue: 1 << 9)
    /// The mailbox exists and takes nothing now.
    static let mailboxBusy = ReplySignals(rawValue: 1 << 10)
    /// The far side's own trouble: disk, load, look-ups.
    static let serverTrouble = ReplySignals(rawValue: 1 << 11)
}
