/// How messages go in.
package enum LoadEntrance: Sendable, Hashable {
    /// SES API v2.
    case ses(SESEntrance)
    /// Plain SMTP.
    case smtp(host: String, port: Int)
}
