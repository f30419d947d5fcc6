internal import ApusCore
internal import ApusSchema
internal import Backends
internal import Crypto

/// The records of one accepted message.
struct MessageRecords {
    let stamp: MessageStamp
    let account: AccountID
    let configurationSet: String
    let tags: [Apus_V1_Tag]
    let mail: Apus_V1_MailSummary

    /// The message's record: for one destination domain the outbound record itself, for several the call as a whole.
    ///
    /// - Throws: what encoding throws.
    func message(
        _ prepared: PreparedMessage, bodyReference: String?, parts: [Envelope.Part], signingDomain: String, topic: String, queue: String,
        pool: String, expiresAt: UnixMilliseconds
    ) throws -> OutgoingRecord {
        var message = Apus_V1_OutboundMessage()
        message.schema = SchemaVersion.current
        message.messageID = self.stamp.id.rawValue
        message.account = self.account.rawValue
        message.configurationSet = self.configurationSet
        message.queue = queue
        message.pool = pool
        message.returnPath = self.stamp.returnPath
        message.tags = self.tags
        message.acceptedAtMs = self.stamp.acceptedAt.rawValue
        message.expiresAtMs = expiresAt.rawValue
        message.mail = self.mail
        message.signingDomain = signingDomain
        message.eightBit = prepared.isEightBit
        message.resumeTopic = topic
        if let bodyReference {
            message.bodyReference = bodyReference
            message.bodyOctets = UInt64(prepared.bytes.count)
        } else {
            message.body = .init(prepared.bytes)
        }
        if parts.count == 1, let part = parts.first {
            message.destination = part.domain
            message.recipients = part.recipients
            return OutgoingRecord(topic: topic, key: Array(part.domain.utf8), value: try RecordCoding.encode(message))
        }
        var submitted = Apus_V1_SubmittedMessage()
        submitted.schema = SchemaVersion.current
        submitted.message = message
        submitted.parts = parts.map { part in
            var record = Apus_V1_SubmittedMessage.Part()
            record.destination = part.domain
            record.recipients = part.recipients
            return record
        }
        return OutgoingRecord(
            topic: Topics.submitted, key: Array(self.stamp.id.rawValue.utf8), value: try RecordCoding.encode(submitted))
    }

    /// The Send event.
    func send() throws -> OutgoingRecord {
        try self.event("Send", .send(.init()))
    }

    /// The Reject event, SES's text in it.
    func reject() throws -> OutgoingRecord {
        var reject = Apus_V1_SendingEvent.Reject()
        reject.reason = "Bad content"
        return try self.event("Reject", .reject(reject))
    }

    private func event(_ type: String, _ kind: Apus_V1_SendingEvent.OneOf_Event) throws -> OutgoingRecord {
        var event = Apus_V1_SendingEvent()
        event.schema = SchemaVersion.current
        event.eventID = Self.eventID(self.stamp.id, recipients: self.mail.destination, type: type)
        event.messageID = self.stamp.id.rawValue
        event.account = self.account.rawValue
        event.configurationSet = self.configurationSet
        event.tags = self.tags
        event.acceptedAtMs = self.stamp.acceptedAt.rawValue
        event.occurredAtMs = self.stamp.acceptedAt.rawValue
        event.mail = self.mail
        event.event = kind
        return OutgoingRecord(
            topic: Topics.events, key: Array(self.stamp.id.rawValue.utf8), value: try RecordCoding.encode(event))
    }

    /// A hash of what the event is about, so that a replay is known as one. Attempt 0: nothing has been tried yet.
    private static func eventID(_ id: MessageID, recipients: [String], type: String) -> String {
        var hash = SHA256()
        for part in [id.rawValue, "0", type] + recipients {
            hash.update(data: Array(part.utf8))
            hash.update(data: [0])
        }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in hash.finalize().prefix(16) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
