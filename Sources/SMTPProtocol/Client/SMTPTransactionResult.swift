/// What became of a transaction.
package struct SMTPTransactionResult: Sendable, Hashable {
    /// One outcome per recipient, in the order of ``SMTPTransaction/recipients``.
    package let recipients: [SMTPRecipientOutcome]

    package init(recipients: [SMTPRecipientOutcome]) {
        self.recipients = recipients
    }
}
