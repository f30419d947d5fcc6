/// What a peer sent is not SMTP, or not within our bounds. Holds nothing of what was sent.
package struct SMTPProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A line does not start with a reply code from 200 to 599 and a separator, or the lines of one reply have different codes.
        case malformedReply
        case replyLineTooLong
        case replyHasTooManyLines
        case replyTooLong
        /// A well-formed reply whose code means nothing for the command it answers, such as 250 to `DATA`.
        case unexpectedReply
        /// A reply that answers no command.
        case unsolicitedReply
        /// Octets followed the reply to `STARTTLS` in clear. They would be taken for part of the encrypted session: somebody may have injected them.
        case plaintextAfterStartTLS
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    package var description: String { code.rawValue }
}
