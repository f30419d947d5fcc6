package import ApusCore
package import ApusSchema
package import NIOCore

/// A record of a mail topic that has been read and found usable.
package struct OutboundRecord: Sendable {
    package let message: Apus_V1_OutboundMessage
    package let messageID: MessageID
    package let account: AccountID

    /// What became of the bytes.
    package enum Reading: Sendable {
        case record(OutboundRecord)
        /// Written by a later version.
        case newer(schema: UInt32)
        /// No record, or one that nothing can be done with; the reason holds no contents.
        case unusable(reason: String)
    }

    /// The recipients that one record may have.
    package static let maximumRecipients = 50

    private static let campaignTag = "campaign"

    /// Reads a record's payload.
    package static func read(_ value: ByteBuffer) -> Reading {
        guard let message = try? RecordCoding.decode(Apus_V1_OutboundMessage.self, from: value) else {
            return .unusable(reason: "the bytes are not an OutboundMessage")
        }
        if message.schema > SchemaVersion.current { return .newer(schema: message.schema) }
        guard message.schema > 0 else { return .unusable(reason: "the record has no schema version") }
        guard let messageID = MessageID(message.messageID) else { return .unusable(reason: "the message id is malformed") }
        guard let account = AccountID(message.account) else { return .unusable(reason: "the account id is malformed") }
        guard (1...Self.maximumRecipients).contains(message.recipients.count) else {
            return .unusable(reason: "the record has no recipient or more than fifty")
        }
        guard Set(message.recipients).count == message.recipients.count else { return .unusable(reason: "a recipient stands in the record twice") }
        guard !message.destination.isEmpty else { return .unusable(reason: "the record has no destination") }
        guard message.content != nil else { return .unusable(reason: "the record has no content") }
        guard message.expiresAtMs > 0 else { return .unusable(reason: "the record has no deadline") }
        return .record(OutboundRecord(message: message, messageID: messageID, account: account))
    }

    /// The number of the attempt that is to be made: 1 for the first.
    package var attempt: Int { Int(self.message.attempt) + 1 }
    package var expiresAt: UnixMilliseconds { UnixMilliseconds(self.message.expiresAtMs) }
    package var acceptedAt: UnixMilliseconds { UnixMilliseconds(self.message.acceptedAtMs) }
    package var notBefore: UnixMilliseconds { UnixMilliseconds(self.message.notBeforeMs) }
    /// Which of its account's campaigns it belongs to, for turns: the sender's `campaign` tag, else the configuration set; empty for none.
    package var campaign: String {
        self.message.tags.first { $0.name == Self.campaignTag }?.value ?? self.message.configurationSet
    }
    /// The pool's name; `default` where none was named.
    package var pool: String { self.message.pool.isEmpty ? Topics.defaultQueue : self.message.pool }
    /// What tells copies of one message's part from other messages.
    package var identity: String { "\(self.message.messageID)/\(self.message.destination)" }
}
