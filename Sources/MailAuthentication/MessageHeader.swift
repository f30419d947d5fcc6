/// Where the fields of a message's header block are, found in one pass without copying any of it.
///
/// This is the little that signing and verifying need: what a field means is nobody's business here. Lines end with
/// CRLF; a line that starts with white space belongs to the field before it; the first empty line ends the block, and
/// without one the whole message is header.
struct MessageHeader {
    /// One field, as ranges of the message's bytes.
    struct Field {
        /// The name, without the white space that obsolete syntax allows before the colon. Empty for a line that is
        /// no field, which then never matches a name.
        let name: Range<Int>
        /// From the name to the CRLF of the last folded line.
        let whole: Range<Int>
    }

    /// How many fields are read before the message is refused: far above what real mail has.
    static let maximumFields = 2_000
    /// How long the block may be, in bytes.
    static let maximumByteCount = 1 << 20

    /// The fields, in their order.
    let fields: [Field]
    /// Where the body starts: after the empty line, or the message's end.
    let bodyStart: Int

    /// - Throws: `DKIMError` with `.headerTooLarge` above the limits.
    init(of message: Span<UInt8>) throws(DKIMError) {
        var fields = [Field]()
        fields.reserveCapacity(32)
        let count = message.count
        var position = 0
        var bodyStart = count
        while position < count {
            if message[position] == ASCII.carriageReturn, position + 1 < count,
                message[position + 1] == ASCII.lineFeed
            {
                bodyStart = position + 2
                break
            }
            let start = position
            var nameEnd: Int?
            repeat {
                // One line; the colon that ends the name can only be on the first.
                let isFirstLine = position == start
                while position < count {
                    let byte = message[position]
                    if byte == ASCII.carriageReturn, position + 1 < count, message[position + 1] == ASCII.lineFeed {
                        break
                    }
                    if byte == ASCII.colon, isFirstLine, nameEnd == nil { nameEnd = position }
                    position += 1
                }
                position = min(position + 2, count)
            } while position < count && ASCII.isWhitespace(message[position])
            guard fields.count < Self.maximumFields, position <= Self.maximumByteCount else {
                throw DKIMError(.headerTooLarge, "the header has more fields or bytes than can be signed")
            }
            var end = nameEnd ?? start
            while end > start, ASCII.isWhitespace(message[end - 1]) { end -= 1 }
            if ASCII.isWhitespace(message[start]) { end = start }
            fields.append(Field(name: start..<end, whole: start..<position))
        }
        self.fields = fields
        self.bodyStart = bodyStart
    }

    /// Whether the field at `index` has this name; `lowercased` is in lower case.
    func isNamed(_ lowercased: [UInt8], at index: Int, in message: Span<UInt8>) -> Bool {
        let name = fields[index].name
        guard name.count == lowercased.count, !name.isEmpty else { return false }
        for offset in 0..<lowercased.count
        where ASCII.lowercased(message[name.lowerBound + offset]) != lowercased[offset] {
            return false
        }
        return true
    }

    /// How many fields have this name, which is in lower case.
    func count(of lowercased: [UInt8], in message: Span<UInt8>) -> Int {
        fields.indices.reduce(0) { $0 + (isNamed(lowercased, at: $1, in: message) ? 1 : 0) }
    }
}
