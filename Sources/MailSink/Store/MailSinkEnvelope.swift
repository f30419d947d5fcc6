import FoundationEssentials
import NIOCore

/// The envelope of a stored message, as its JSON file.
struct MailSinkEnvelope: Codable {
    var sequence: Int
    /// Milliseconds since 1970.
    var arrivedAt: Int64
    var connection: UInt64
    var remoteAddress: String
    var localAddress: String
    var tls: String?
    var hello: String
    var sender: String
    var recipients: [String]
    var id: String?
    var octets: Int
    /// Name of the file with the content, in the same folder.
    var content: String

    init(_ message: MailSinkMessage, contentFile: String) {
        sequence = message.sequence
        arrivedAt = message.arrivedAt
        connection = message.connection
        remoteAddress = message.remoteAddress
        localAddress = message.localAddress
        tls = message.tls
        hello = message.hello
        sender = message.sender
        recipients = message.recipients
        id = message.id
        octets = message.content.readableBytes
        content = contentFile
    }

    var json: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self)) + [0x0A]
        }
    }
}
