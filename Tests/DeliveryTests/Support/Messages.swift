import ApusCore
import ApusSchema
import Backends
import Foundation
import NIOCore

/// Records for tests.
enum Messages {
    static func id(_ number: Int) -> String {
        let hex = String(number, radix: 16)
        return "0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-\(String(repeating: "0", count: 12 - hex.count))\(hex)-000000"
    }

    static func message(
        _ number: Int, to recipients: [String], now: UnixMilliseconds = SystemClock.now(), lifetime: Duration = .seconds(14 * 3600),
        subject: String = "Test"
    ) -> Apus_V1_OutboundMessage {
        var message = Apus_V1_OutboundMessage()
        message.schema = 1
        message.messageID = Self.id(number)
        message.account = "111122223333"
        message.configurationSet = "set"
        message.queue = "default"
        message.returnPath = "\(Self.id(number))@mail.test"
        message.recipients = recipients
        message.destination = recipients.first.map { String($0.split(separator: "@").last ?? "") } ?? ""
        message.acceptedAtMs = now.rawValue
        message.expiresAtMs = (now + lifetime).rawValue
        message.body = Data(
            "From: a@sender.test\r\nTo: \(recipients.joined(separator: ", "))\r\nSubject: \(subject)\r\nMessage-ID: <\(number)@mail.test>\r\n\r\nHello.\r\n.dot\r\n"
                .utf8)
        message.mail.source = "a@sender.test"
        message.mail.destination = recipients
        var tag = Apus_V1_Tag()
        tag.name = "ses:from-domain"
        tag.value = "sender.test"
        message.tags = [tag]
        return message
    }

    static func record(_ message: Apus_V1_OutboundMessage, topic: String = Topics.outbound(queue: "default", class: .transactional)) throws
        -> OutgoingRecord
    {
        OutgoingRecord(topic: topic, key: Array(message.destination.utf8), value: try RecordCoding.encode(message))
    }
}
