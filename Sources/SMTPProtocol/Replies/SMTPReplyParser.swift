package import NIOCore

/// Reads replies from what a server sends, however it is split.
///
/// Liberal where servers in the field are sloppy (a bare LF ends a line, lines longer than RFC 5321's 512 octets), and strict where a guess could mistake one
/// reply for another (three digits from 200 to 599, then space, hyphen or the line's end; the same code on every line). Everything is bounded.
package struct SMTPReplyParser: Sendable {
    /// Bounds on one reply.
    package struct Limits: Sendable {
        /// Octets of one line, its end included. RFC 5321 section 4.5.3.1.5 says 512.
        package var lineOctets = 4096
        /// Lines of one reply.
        package var lines = 100
        /// Octets of one reply.
        package var replyOctets = 65_536

        package init() {}
    }

    private let limits: Limits
    private var code: UInt16 = 0
    private var text: [UInt8] = []
    private var lineCount = 0
    private var octets = 0
    /// Octets at the start of the unread buffer known to hold no line end, so that a slow sender does not make us search them again.
    private var searched = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether a reply has begun and not ended.
    package var isInsideReply: Bool { lineCount > 0 || searched > 0 }

    /// Takes the next complete reply from the buffer.
    ///
    /// - Parameter buffer: unread octets; those that make up complete lines are consumed. The same buffer, with more octets appended, must be given next time.
    /// - Returns: nil when more octets are needed.
    /// - Throws: when the octets are no reply or exceed the limits. The parser must not be used afterwards.
    package mutating func next(from buffer: inout ByteBuffer) throws(SMTPProtocolError) -> SMTPReply? {
        while true {
            let available = buffer.readableBytes
            let start = searched
            let found = buffer.withUnsafeReadableBytes { ByteSearch.first(ASCII.lf, in: $0, from: start, to: min($0.count, limits.lineOctets)) }
            guard let lineFeed = found else {
                if available >= limits.lineOctets { throw SMTPProtocolError(.replyLineTooLong) }
                searched = available
                return nil
            }
            searched = 0
            octets += lineFeed + 1
            lineCount += 1
            if octets > limits.replyOctets { throw SMTPProtocolError(.replyTooLong) }
            if lineCount > limits.lines { throw SMTPProtocolError(.replyHasTooManyLines) }
            let isFirst = lineCount == 1
            let knownCode = code
            // A single-line reply, the common case, becomes a string without passing through `text`.
            let line = buffer.withUnsafeReadableBytes { bytes -> Line? in
                Self.parse(UnsafeRawBufferPointer(rebasing: bytes[0..<lineFeed]), makeString: isFirst)
            }
            guard let line, isFirst || line.code == knownCode else { throw SMTPProtocolError(.malformedReply) }
            code = line.code
            if line.isLast, isFirst {
                buffer.moveReaderIndex(forwardBy: lineFeed + 1)
                reset()
                return SMTPReply(code: line.code, text: line.string)
            }
            if !isFirst { text.append(ASCII.lf) }
            buffer.withUnsafeReadableBytes { bytes in
                for byte in bytes[line.textStart..<line.textEnd] { text.append(Self.printable(byte)) }
            }
            buffer.moveReaderIndex(forwardBy: lineFeed + 1)
            if line.isLast {
                let reply = SMTPReply(code: code, text: String(decoding: text, as: UTF8.self))
                reset()
                return reply
            }
        }
    }

    private mutating func reset() {
        text.removeAll(keepingCapacity: true)
        lineCount = 0
        octets = 0
        searched = 0
        code = 0
    }

    private struct Line {
        var code: UInt16
        var isLast: Bool
        var textStart: Int
        var textEnd: Int
        var string: String
    }

    /// Parses one line without its LF.
    private static func parse(_ bytes: UnsafeRawBufferPointer, makeString: Bool) -> Line? {
        var end = bytes.count
        if end > 0, bytes[end - 1] == ASCII.cr { end -= 1 }
        guard end >= 3, ASCII.isDigit(bytes[0]), ASCII.isDigit(bytes[1]), ASCII.isDigit(bytes[2]) else { return nil }
        let code = UInt16(bytes[0] - ASCII.zero) * 100 + UInt16(bytes[1] - ASCII.zero) * 10 + UInt16(bytes[2] - ASCII.zero)
        guard (200...599).contains(code) else { return nil }
        var isLast = true
        if end > 3 {
            switch bytes[3] {
            case ASCII.space: break
            case ASCII.hyphen: isLast = false
            default: return nil
            }
        }
        let start = min(4, end)
        guard makeString, isLast else { return Line(code: code, isLast: isLast, textStart: start, textEnd: end, string: "") }
        let content = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        let isClean = content.allSatisfy { printable($0) == $0 }
        let string = isClean ? String(decoding: content, as: UTF8.self) : String(decoding: content.map(printable), as: UTF8.self)
        return Line(code: code, isLast: true, textStart: start, textEnd: end, string: string)
    }

    /// Replies end up in logs and events: a control character becomes `?`.
    private static func printable(_ byte: UInt8) -> UInt8 {
        (byte < 0x20 && byte != ASCII.tab) || byte == ASCII.delete ? ASCII.question : byte
    }
}
