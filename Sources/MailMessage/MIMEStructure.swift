/// All entities of a message in the order of their appearance (RFC 2046, section 5.1). One pass over the octets, no recursion, no copies.
///
/// A boundary of any multipart that is open ends all parts inside it, so a missing end line cannot hide what follows.
package struct MIMEStructure: Sendable {
    /// The first is the message itself.
    package private(set) var parts: [MIMEPart] = []

    private struct Open {
        let part: Int
        var boundary: [UInt8]?
    }

    /// Walks the message.
    ///
    /// - Throws: `MessageError` when there are more parts, levels or header octets than the limits allow.
    package init(_ message: RawMessage, limits: MessageLimits = MessageLimits()) throws(MessageError) {
        let bytes = message.bytes
        var open: [Open] = []
        var position = try begin(bytes, at: 0, open: &open, limits: limits)
        while position < bytes.count, open.contains(where: { $0.boundary != nil }) {
            guard let lineStart = Self.nextDashLine(bytes, from: position) else { break }
            let line = HeaderBlock.line(bytes, at: lineStart, end: bytes.count)
            position = line.next
            guard let match = Self.match(bytes, line: line.content, open: open) else { continue }
            close(&open, above: match.level, at: lineStart)
            if match.isEnd {
                open[match.level].boundary = nil
            } else {
                position = try begin(bytes, at: line.next, open: &open, limits: limits)
            }
        }
        for entry in open { parts[entry.part].body = parts[entry.part].body.lowerBound..<bytes.count }
    }

    /// The entities that hold content themselves.
    package var leaves: [MIMEPart] { parts.filter(\.isLeaf) }

    /// Reads the header at a position, and those of the messages enclosed directly; the answer is where bodies start.
    private mutating func begin(_ bytes: [UInt8], at start: Int, open: inout [Open], limits: MessageLimits) throws(MessageError) -> Int {
        var start = start
        while true {
            guard parts.count <= limits.parts else { throw MessageError(.tooManyParts, offset: start) }
            guard open.count <= limits.depth else { throw MessageError(.nestingTooDeep, offset: start) }
            let end = Self.headerEnd(bytes, from: start, open: open)
            let header = try HeaderBlock(bytes, in: start..<end, limits: limits)
            let parent = open.last?.part
            let isDigest = parent.map { parts[$0].contentType.mediaType == "multipart/digest" } ?? false
            let contentType = header.value("Content-Type").flatMap { ContentType(fieldValue: $0) } ?? (isDigest ? .enclosedMessage : .plainText)
            let encoding = header.value("Content-Transfer-Encoding").flatMap { TransferEncoding(fieldValue: $0) } ?? .sevenBit
            let isMultipart = contentType.type == "multipart"
            var boundary = isMultipart ? contentType.parameters["boundary"].map { Array($0.utf8) } : nil
            if boundary?.isEmpty == true || boundary.map({ $0.count > 200 }) == true { boundary = nil }
            let isEncoded = encoding == .base64 || encoding == .quotedPrintable
            let isEnclosing = contentType.mediaType == "message/rfc822" && !isEncoded
            parts.append(
                MIMEPart(
                    parent: parent, depth: open.count, header: header, contentType: contentType, encoding: boundary != nil ? .binary : encoding,
                    body: header.bodyStart..<header.bodyStart, isLeaf: boundary == nil && !isEnclosing))
            open.append(Open(part: parts.count - 1, boundary: boundary))
            guard isEnclosing, header.bodyStart < bytes.count, !Self.isBoundary(bytes, at: header.bodyStart, open: open) else {
                // The line ending before a first boundary may be the empty line itself.
                return header.bodyStart
            }
            start = header.bodyStart
        }
    }

    private mutating func close(_ open: inout [Open], above level: Int, at lineStart: Int) {
        for entry in open[(level + 1)...] {
            let start = parts[entry.part].body.lowerBound
            parts[entry.part].body = start..<max(start, lineStart - 2)
        }
        open.removeSubrange((level + 1)...)
    }

    /// Behind the empty line, or before the first line that is no header line.
    private static func headerEnd(_ bytes: [UInt8], from start: Int, open: [Open]) -> Int {
        var position = start
        while position < bytes.count {
            let line = HeaderBlock.line(bytes, at: position, end: bytes.count)
            if line.content.isEmpty { return line.next }
            if match(bytes, line: line.content, open: open) != nil { return position }
            let continues = position > start && ASCII.isBlank(bytes[position])
            if !continues, HeaderBlock.fieldName(bytes, in: line.content) == nil { return position }
            position = line.next
        }
        return position
    }

    /// The next line from a line's start on that begins with `--`.
    private static func nextDashLine(_ bytes: [UInt8], from position: Int) -> Int? {
        bytes.withUnsafeBufferPointer { bytes in
            var index = position
            while index + 1 < bytes.count {
                if bytes[index] == ASCII.hyphen, bytes[index + 1] == ASCII.hyphen, index == 0 || bytes[index - 1] == ASCII.lf { return index }
                while index < bytes.count, bytes[index] != ASCII.lf { index += 1 }
                index += 1
            }
            return nil
        }
    }

    private static func isBoundary(_ bytes: [UInt8], at position: Int, open: [Open]) -> Bool {
        match(bytes, line: HeaderBlock.line(bytes, at: position, end: bytes.count).content, open: open) != nil
    }

    /// The innermost open multipart whose boundary the line is.
    private static func match(_ bytes: [UInt8], line: Range<Int>, open: [Open]) -> (level: Int, isEnd: Bool)? {
        guard line.count > 2, line.count <= 1000, bytes[line.lowerBound] == ASCII.hyphen, bytes[line.lowerBound + 1] == ASCII.hyphen else {
            return nil
        }
        var content = bytes[(line.lowerBound + 2)..<line.upperBound]
        while let last = content.last, ASCII.isBlank(last) { content.removeLast() }
        for level in open.indices.reversed() {
            guard let boundary = open[level].boundary, content.starts(with: boundary) else { continue }
            let rest = content.dropFirst(boundary.count)
            if rest.isEmpty { return (level, false) }
            if rest.elementsEqual([ASCII.hyphen, ASCII.hyphen]) { return (level, true) }
        }
        return nil
    }
}
