/// Where in the dialogue a rule acts.
package enum MailSinkStage: String, Sendable, Hashable, CaseIterable, Codable {
    /// Instead of the 220 greeting.
    case connect
    /// Instead of the reply to EHLO or HELO.
    case ehlo
    case starttls
    case mail
    case rcpt
    /// Instead of 354.
    case data
    /// While the content is received, after `afterOctets` of it.
    case content
    /// Instead of the reply to the final dot, or to `BDAT … LAST`.
    case dot
    case rset
    case noop
    case vrfy
    case quit
}
