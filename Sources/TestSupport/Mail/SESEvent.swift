import ChildProcesses
import Foundation

/// One line of `apus events tail`: an event in SES's JSON.
package struct SESEvent: Sendable {
    /// `Send`, `Delivery`, `Bounce`, `DeliveryDelay`, `Reject`.
    package let type: String
    package let messageID: String
    /// The recipients the event speaks of.
    package let recipients: [String]
    /// The whole event.
    package let line: String

    /// - Throws: ``ChildFailure`` when the line is not an SES event.
    package init(line: String) throws {
        guard let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], let type = event["eventType"] as? String,
            let mail = event["mail"] as? [String: Any], let messageID = mail["messageId"] as? String
        else { throw ChildFailure("no SES event: \(line.prefix(200))") }
        func addresses(_ body: String, _ member: String) -> [String] {
            ((event[body] as? [String: Any])?[member] as? [[String: Any]] ?? []).compactMap { $0["emailAddress"] as? String }
        }
        self.type = type
        self.messageID = messageID
        self.line = line
        switch type {
        case "Delivery": self.recipients = (event["delivery"] as? [String: Any])?["recipients"] as? [String] ?? []
        case "Bounce": self.recipients = addresses("bounce", "bouncedRecipients")
        case "DeliveryDelay": self.recipients = addresses("deliveryDelay", "delayedRecipients")
        default: self.recipients = mail["destination"] as? [String] ?? []
        }
    }

    /// Whether nothing more happens to its recipients.
    package var isFinal: Bool { ["Delivery", "Bounce", "Reject"].contains(self.type) }

    /// A value by its path, `bounce.bouncedRecipients.0.status`, as text; nil where there is none.
    package func text(_ path: String) -> String? {
        guard var value = try? JSONSerialization.jsonObject(with: Data(self.line.utf8)) else { return nil }
        for part in path.split(separator: ".") {
            if let list = value as? [Any], let index = Int(part), list.indices.contains(index) {
                value = list[index]
            } else if let object = value as? [String: Any], let member = object[String(part)] {
                value = member
            } else {
                return nil
            }
        }
        return value as? String ?? (value as? NSNumber)?.stringValue
    }
}
