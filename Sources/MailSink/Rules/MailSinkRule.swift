package import SMTPProtocol

/// One rule: at a stage, when everything named matches, do something other than accept. See `loadtest/README.md` for the file format.
package struct MailSinkRule: Sendable, Hashable {
    /// What a rule does.
    package enum Action: Sendable, Hashable {
        /// Accept, and look at no further rule.
        case accept
        case reply(SMTPReply)
        /// These octets as they are.
        case raw([UInt8])
        /// So many octets that are no SMTP, then CRLF.
        case garbage(octets: Int)
        /// A reply of one line with so many octets of text.
        case longLine(code: Int, octets: Int)
        /// Close without a word.
        case close
        /// Say nothing and read nothing, with the connection left open.
        case hang
        /// Nothing but the delay; further rules are looked at.
        case none
    }

    /// What occurrences are counted by.
    package enum Scope: String, Sendable, Hashable, Codable {
        /// All together.
        case rule
        /// For each recipient.
        case recipient
        /// For each message id; before the content is known, for each sender.
        case message
        /// For each connection.
        case connection
        /// For each client address.
        case remote
        /// For each client address, sender and recipient together.
        case triplet
    }

    package var name: String
    package var stage: MailSinkStage
    package var action: Action

    /// Patterns with `*` and `?`; nil matches everything. At `data`, `content` and `dot` one of the recipients must match.
    package var recipient: String?
    /// The null reverse path is the empty text.
    package var sender: String?
    package var hello: String?
    package var remote: String?
    /// Whether the connection is encrypted.
    package var encrypted: Bool?

    package var per = Scope.rule
    /// Acts on the first so many occurrences in the scope.
    package var first: Int?
    /// Acts on occurrences after so many.
    package var after: Int?
    /// Acts on every so manieth occurrence.
    package var every: Int?
    /// Acts while less time has passed since the first occurrence in the scope.
    package var within: Duration?
    /// Acts with this probability, 0…1.
    package var probability: Double?

    package var delay: Duration = .zero
    /// Waited in addition to ``delay``, drawn each time.
    package var delays: Distribution<Milliseconds>?
    /// Octets of content before a rule at `content` acts.
    package var afterOctets = 0
    /// Closes the connection after the reply or octets.
    package var thenCloses = false

    package init(name: String, stage: MailSinkStage, action: Action) {
        self.name = name
        self.stage = stage
        self.action = action
    }
}
