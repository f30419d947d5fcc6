package import NIOCore

/// Reads the content that follows `DATA`: takes the stuffed dots out and finds the end.
///
/// The end is `CRLF . CRLF` and nothing else. Any CR without LF and any LF without CR is reported as a violation, so that no two servers can disagree about where
/// this message ends (SMTP smuggling).
///
/// ```
/// C: Subject: dots<CRLF><CRLF>..one<CRLF>.<CRLF>
/// ```
/// is the content `Subject: dots<CRLF><CRLF>.one<CRLF>`.
package struct SMTPDataDecoder: Sendable {
    /// What the octets at hand amount to.
    package enum Event: Sendable, Hashable {
        /// Content without its stuffing; a slice of the input, never empty.
        case content(ByteBuffer)
        /// The end was found and consumed. What is left in the buffer is the next command.
        case end
        /// More octets are needed. At most two are left in the buffer.
        case needMore
        /// A CR or LF stands alone. The decoder must not be used afterwards.
        case bareLineEnding
        /// A line is longer than allowed. The decoder must not be used afterwards.
        case lineTooLong
    }

    private let maximumLineOctets: Int
    private var atLineStart = true
    /// Octets of the current line consumed by earlier calls.
    private var lineOctets = 0

    /// - Parameter maximumLineOctets: of one text line with its CRLF and without stuffing; nil for no bound. RFC 5321 section 4.5.3.1.6 says 1000.
    package init(maximumLineOctets: Int? = nil) {
        self.maximumLineOctets = maximumLineOctets ?? .max
    }

    /// Consumes what can be told apart from the buffer. Call again until it says `needMore`, `end` or a violation; then with more octets appended.
    package mutating func next(_ buffer: inout ByteBuffer) -> Event {
        while true {
            let step = buffer.withUnsafeReadableBytes { self.step($0) }
            switch step {
            case .consume(let content, let skip):
                let slice = content > 0 ? buffer.readSlice(length: content) : nil
                buffer.moveReaderIndex(forwardBy: skip)
                if let slice { return .content(slice) }
                if skip == 0 { return .needMore }
            case .end:
                buffer.moveReaderIndex(forwardBy: 3)
                return .end
            case .violation(let event):
                return event
            }
        }
    }

    private enum Step {
        /// So many octets are content, and so many after them are stuffing.
        case consume(content: Int, skip: Int)
        /// The buffer starts with the final `.CRLF`.
        case end
        case violation(Event)
    }

    private mutating func step(_ bytes: UnsafeRawBufferPointer) -> Step {
        let count = bytes.count
        var position = 0
        while position < count {
            if atLineStart, bytes[position] == ASCII.dot {
                if position + 1 == count { return .consume(content: position, skip: 0) }
                if bytes[position + 1] == ASCII.cr {
                    if position + 2 == count { return .consume(content: position, skip: 0) }
                    guard bytes[position + 2] == ASCII.lf else { return .violation(.bareLineEnding) }
                    return position == 0 ? .end : .consume(content: position, skip: 0)
                }
                if bytes[position + 1] == ASCII.lf { return .violation(.bareLineEnding) }
                // The stuffed dot goes; what follows it is an ordinary octet, another dot included.
                atLineStart = false
                return .consume(content: position, skip: 1)
            }
            guard let lineFeed = ByteSearch.first(ASCII.lf, in: bytes, from: position, to: count) else {
                var end = count
                if let carriageReturn = ByteSearch.first(ASCII.cr, in: bytes, from: position, to: count) {
                    guard carriageReturn == count - 1 else { return .violation(.bareLineEnding) }
                    end = carriageReturn
                }
                if end > position {
                    lineOctets += end - position
                    if lineOctets > maximumLineOctets { return .violation(.lineTooLong) }
                    atLineStart = false
                }
                return .consume(content: end, skip: 0)
            }
            guard lineFeed > position, ByteSearch.first(ASCII.cr, in: bytes, from: position, to: lineFeed) == lineFeed - 1 else {
                return .violation(.bareLineEnding)
            }
            if lineOctets + lineFeed + 1 - position > maximumLineOctets { return .violation(.lineTooLong) }
            lineOctets = 0
            position = lineFeed + 1
            atLineStart = true
        }
        return .consume(content: position, skip: 0)
    }
}
