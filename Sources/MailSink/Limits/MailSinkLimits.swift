import SMTPProtocol

/// What a provider allows a client. See `loadtest/README.md` for the file format.
///
/// A client is an IP address. Rates are counted in fixed windows: a client's window begins with the first event that is granted in it and ends after the period;
/// what is refused is not counted. A transaction counts when its MAIL is granted, a recipient when its RCPT is.
package struct MailSinkLimits: Sendable, Hashable {
    /// How much, and what is said beyond it.
    package struct Bound: Sendable, Hashable {
        package var count: Int
        package var reply: ReplyTemplate

        package init(_ count: Int, reply: ReplyTemplate) {
            self.count = count
            self.reply = reply
        }
    }

    /// How much in which time, and what is said beyond it.
    package struct Rate: Sendable, Hashable {
        package enum Point: String, Sendable, Hashable, Codable {
            /// The greeting is 421, and the connection is closed.
            case connect
            case mail
        }

        package var count: Int
        package var period: Duration
        package var reply: ReplyTemplate
        /// Where a client that has used up its messages is told so.
        package var point = Point.mail

        package init(_ count: Int, per period: Duration, reply: ReplyTemplate, at point: Point = .mail) {
            self.count = count
            self.period = period
            self.reply = reply
            self.point = point
        }
    }

    /// What is said to whom is beyond a limit.
    struct Refusal: Sendable {
        /// The limit's key.
        let name: String
        let reply: ReplyTemplate

        init(_ name: String, _ reply: ReplyTemplate) {
            self.name = name
            self.reply = reply
        }
    }

    /// Connections open at once, of all clients. Beyond it the greeting is the reply, and the connection is closed.
    package var connections: Bound?
    /// Connections of one client open at once; likewise.
    package var connectionsPerClient: Bound?
    /// New connections of one client; likewise.
    package var connectionRate: Rate?
    /// Messages of one client.
    package var messageRate: Rate?
    /// Recipients of one client; beyond it the reply to RCPT.
    package var recipientRate: Rate?
    /// Messages of one connection; beyond it the reply to MAIL, and the connection is closed.
    package var messagesPerConnection: Bound?
    /// Recipients of one message; beyond it the reply to RCPT.
    package var recipientsPerMessage: Bound?

    package init() {}

    package var isEmpty: Bool { self == MailSinkLimits() }

    /// Whether something is counted over several connections.
    var areShared: Bool {
        connections != nil || connectionsPerClient != nil || connectionRate != nil || messageRate != nil || recipientRate != nil
    }
}
