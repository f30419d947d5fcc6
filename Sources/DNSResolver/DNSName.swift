/// The form of names asked for and found: letters, digits, hyphens and underscores between dots.
///
/// DNS allows any byte in a label. Names that go into SMTP, logs and records are held to host names plus the underscore
/// of service labels, so that nothing from the network ends up in a command or a terminal.
enum DNSName {
    /// The name in lower case and without a final dot, or nil when it is none.
    ///
    /// - Parameter text: at most 253 bytes without the final dot; internationalised names are A-labels.
    static func normalized(_ text: String) -> String? {
        var bytes = Array(text.utf8)
        if bytes.last == 0x2E { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= 253 else { return nil }
        for label in bytes.split(separator: 0x2E, omittingEmptySubsequences: false) {
            guard isUsable(label) else { return nil }
        }
        return String(decoding: bytes.lazy.map(lowercased), as: UTF8.self)
    }

    /// Reads an uncompressed name from record data.
    ///
    /// - Returns: the name in lower case without a final dot, `""` for the root, and how many bytes it took; nil when
    ///   it is cut short, too long, compressed, or has a label that is not usable.
    static func read(_ data: ArraySlice<UInt8>) -> (name: String, byteCount: Int)? {
        var text = [UInt8]()
        var position = data.startIndex
        while position < data.endIndex {
            let length = Int(data[position])
            position += 1
            if length == 0 { return (String(decoding: text, as: UTF8.self), position - data.startIndex) }
            guard length <= 63, data.endIndex - position >= length else { return nil }
            let label = data[position..<(position + length)]
            guard isUsable(label), text.count + length + 1 <= 254 else { return nil }
            if !text.isEmpty { text.append(0x2E) }
            text.append(contentsOf: label.lazy.map(lowercased))
            position += length
        }
        return nil
    }

    private static func isUsable(_ label: ArraySlice<UInt8>) -> Bool {
        guard !label.isEmpty, label.count <= 63 else { return false }
        return label.allSatisfy { byte in
            (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x5F
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
