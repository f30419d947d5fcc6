/// Parameters of `RCPT TO` (RFC 3461).
package struct SMTPRecipientParameters: Sendable, Hashable {
    /// `NOTIFY=`, in upper case.
    package var notify: String?
    /// `ORCPT=`, as written.
    package var originalRecipient: String?

    package init() {}
}
