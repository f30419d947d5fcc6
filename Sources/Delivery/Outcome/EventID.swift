internal import Crypto

/// The id of an event: equal for every replay of the same event, different for all others.
package enum EventID {
    /// - Parameters:
    ///   - messageID: the message.
    ///   - recipients: the recipients that the event names, in order.
    ///   - attempt: 1 for the first attempt; 0 for events of no attempt.
    ///   - type: the event's type, such as `Delivery`.
    /// - Returns: 32 hexadecimal digits: the first half of SHA-256 over the parts, each with its length before it.
    package static func make(messageID: String, recipients: [String], attempt: Int, type: String) -> String {
        Self.hexadecimal(Self.digest(messageID: messageID, recipients: recipients, attempt: attempt, type: type).prefix(16))
    }

    /// A feedback id: of the form of a message id, and as stable as the event's id.
    ///
    /// - Parameters:
    ///   - eventID: the bounce's event id, 32 hexadecimal digits.
    ///   - messageID: lends its region and time.
    package static func feedbackID(eventID: String, messageID: String) -> String {
        let digits = Array(eventID.utf8)
        guard digits.count == 32, messageID.utf8.count == 60 else { return eventID }
        var text = Array(messageID.utf8.prefix(16))
        var position = 0
        for length in [8, 4, 4, 4, 12] {
            text.append(UInt8(ascii: "-"))
            text += digits[position..<(position + length)]
            position += length
        }
        text += "-000000".utf8
        return String(decoding: text, as: UTF8.self)
    }

    private static func digest(messageID: String, recipients: [String], attempt: Int, type: String) -> [UInt8] {
        var hash = SHA256()
        func add(_ text: String) {
            var text = text
            text.withUTF8 { bytes in
                withUnsafeBytes(of: UInt32(clamping: bytes.count).littleEndian) { hash.update(bufferPointer: $0) }
                hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            }
        }
        add(messageID)
        withUnsafeBytes(of: UInt32(clamping: recipients.count).littleEndian) { hash.update(bufferPointer: $0) }
        for recipient in recipients { add(recipient) }
        withUnsafeBytes(of: UInt32(clamping: attempt).littleEndian) { hash.update(bufferPointer: $0) }
        add(type)
        return Array(hash.finalize())
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits: StaticString = "0123456789abcdef"
        var text: [UInt8] = []
        text.reserveCapacity(32)
        digits.withUTF8Buffer { digits in
            for byte in bytes {
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
