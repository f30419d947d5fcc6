/// One pass over a message that finds what must be changed or refused.
struct LineSurvey {
    private(set) var firstBareLineEnding: Int?
    private(set) var isEightBit = false
    private(set) var endsWithLineEnding = false

    init(_ bytes: [UInt8], limits: MessageLimits) throws(MessageError) {
        var failure: MessageError?
        bytes.withUnsafeBufferPointer { failure = scan($0, lineLength: limits.lineLength) }
        if let failure { throw failure }
    }

    private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, lineLength: Int) -> MessageError? {
        var lineStart = 0
        var index = 0
        var union: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            union |= byte
            index += 1
            if byte > ASCII.cr { continue }
            if byte == ASCII.nul { return MessageError(.nulByte, offset: index - 1) }
            guard byte == ASCII.cr || byte == ASCII.lf else { continue }
            if index - 1 - lineStart > lineLength { return MessageError(.lineTooLong, offset: lineStart) }
            if byte == ASCII.cr, index < bytes.count, bytes[index] == ASCII.lf {
                index += 1
            } else if firstBareLineEnding == nil {
                firstBareLineEnding = index - 1
            }
            lineStart = index
        }
        if index - lineStart > lineLength { return MessageError(.lineTooLong, offset: lineStart) }
        isEightBit = union > 0x7F
        endsWithLineEnding = lineStart == bytes.count && !bytes.isEmpty
        return nil
    }
}
