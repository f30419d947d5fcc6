import NIOCore

/// Finds the id of a message in the first octets of its content: the field `X-Load-Id`, or else `Message-ID`.
enum MessageIDScanner {
    /// How much of the content is looked at.
    static let window = 16_384

    /// - Returns: the value without white space and angle brackets; nil when there is no such field in the window.
    static func id(in content: ByteBuffer) -> String? {
        content.withUnsafeReadableBytes { all in
            let bytes = UnsafeRawBufferPointer(rebasing: all.prefix(window))
            var messageID: String?
            var line = 0
            while line < bytes.count {
                let end = bytes[line...].firstIndex(of: 0x0A) ?? bytes.count
                if end == line || (end == line + 1 && bytes[line] == 0x0D) { break }
                if let value = value(bytes[line..<end], of: "x-load-id") { return value }
                if messageID == nil, let value = value(bytes[line..<end], of: "message-id") { messageID = value }
                line = end + 1
            }
            return messageID
        }
    }

    private static func value(_ line: Slice<UnsafeRawBufferPointer>, of name: StaticString) -> String? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[line.startIndex + length] == 0x3A else { return nil }
        for offset in 0..<length where line[line.startIndex + offset] | 0x20 != name.utf8Start[offset] | 0x20 { return nil }
        let value = line.dropFirst(length + 1).filter { $0 > 0x20 && $0 != 0x3C && $0 != 0x3E }
        return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
    }
}
