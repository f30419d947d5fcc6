package import ApusCore
package import ApusSchema
internal import NIOCore

/// A record that could not be handled.
package struct DeadLetter: Sendable {
    let dead: Apus_V1_DeadRecord
    /// What it holds; nil where its bytes are not a message with recipients.
    package let message: Apus_V1_OutboundMessage?

    init(_ dead: Apus_V1_DeadRecord) {
        self.dead = dead
        self.message = Self.message(of: dead)
    }

    static func id(of dead: Apus_V1_DeadRecord) -> String {
        "\(dead.topic)/\(dead.partition)/\(dead.offset)"
    }

    /// Where it stood: `TOPIC/PARTITION/OFFSET`.
    package var id: String { Self.id(of: self.dead) }
    /// Why it could not be handled; without contents.
    package var reason: String { self.dead.reason }
    package var diedAt: UnixMilliseconds { UnixMilliseconds(self.dead.diedAtMs) }
    /// Of the record's value.
    package var octets: Int { self.dead.value.count }

    /// Whatever of a message the bytes still tell: enough to show whose it is, and to bounce it.
    private static func message(of dead: Apus_V1_DeadRecord) -> Apus_V1_OutboundMessage? {
        let value = ByteBuffer(bytes: dead.value)
        var message: Apus_V1_OutboundMessage?
        if dead.topic == Topics.submitted {
            let submitted = try? RecordCoding.decode(Apus_V1_SubmittedMessage.self, from: value)
            message = submitted?.message
            message?.recipients = submitted?.parts.flatMap(\.recipients) ?? []
        } else {
            message = try? RecordCoding.decode(Apus_V1_OutboundMessage.self, from: value)
        }
        guard var message, MessageID(message.messageID) != nil, AccountID(message.account) != nil, !message.recipients.isEmpty else { return nil }
        // The one thing that is wrong with some of them.
        var seen: Set<String> = []
        message.recipients = message.recipients.filter { seen.insert($0).inserted }
        return message
    }
}
