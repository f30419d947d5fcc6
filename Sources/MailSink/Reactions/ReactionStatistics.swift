/// What has become of reactions.
package struct ReactionStatistics: Sendable, Hashable, Codable {
    package struct Counts: Sendable, Hashable, Codable {
        /// Done.
        package var played = 0
        /// Not done: too many pending, too large a message, or nothing in it to load or follow.
        package var dropped = 0
        /// Tried without success.
        package var failed = 0

        package init() {}
    }

    package var dsn = Counts()
    package var complaint = Counts()
    package var open = Counts()
    package var click = Counts()
    /// Reactions whose time has not come, or that are being played.
    package var pending = 0
    /// Octets kept for them.
    package var pendingOctets = 0

    package init() {}

    package subscript(kind: MailSinkReaction.Kind) -> Counts {
        get {
            switch kind {
            case .dsn: dsn
            case .complaint: complaint
            case .open: open
            case .click: click
            }
        }
        set {
            switch kind {
            case .dsn: dsn = newValue
            case .complaint: complaint = newValue
            case .open: open = newValue
            case .click: click = newValue
            }
        }
    }
}
