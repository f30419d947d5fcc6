package import NIOCore

/// A message's content, header and body, in the one form that may leave us: every line ends in CRLF and neither CR, LF nor NUL stands anywhere else.
///
/// That form is what keeps a message from smuggling a second one: servers disagree on whether `LF . LF`, `CR . CR` or `CR LF NUL . CR LF` end the content,
/// and here none of them can occur. Content already in that form is kept as the slice it came in; other content is copied once: bare CR and bare LF become
/// CRLF, NUL is left out, and a last line without an end gets one.
///
/// The checks are made once, here, so a value can be sent any number of times.
package struct SMTPContent: Sendable {
    /// The content. What the DATA form adds (dots, the end) is not in it.
    package let bytes: ByteBuffer
    /// Whether an octet above 127 occurs, so that 8BITMIME is wanted.
    package let contains8Bit: Bool
    /// Whether a line starts with a dot.
    let hasLeadingDots: Bool
    /// Whether the given octets had to be changed. A DKIM signature over them does not hold any more, so whoever signs should see to it that this is false.
    package let wasNormalized: Bool

    /// - Parameter bytes: the message. Not copied when it is in canonical form already.
    package init(_ bytes: ByteBuffer) {
        let scan = bytes.withUnsafeReadableBytes(Self.scan)
        if scan.isCanonical {
            self.bytes = bytes
            self.hasLeadingDots = scan.hasLeadingDots
            self.wasNormalized = false
        } else {
            let normalized = Self.normalize(bytes)
            self.bytes = normalized
            self.hasLeadingDots = normalized.withUnsafeReadableBytes(Self.scan).hasLeadingDots
            self.wasNormalized = true
        }
        self.contains8Bit = bytes.withUnsafeReadableBytes(ByteSearch.containsNonASCII)
    }

    /// Octets as RFC 1870 counts them for `SIZE=`.
    package var octets: Int { bytes.readableBytes }

    private static func scan(_ bytes: UnsafeRawBufferPointer) -> (isCanonical: Bool, hasLeadingDots: Bool) {
        let count = bytes.count
        if ByteSearch.first(ASCII.nul, in: bytes, from: 0, to: count) != nil { return (false, false) }
        var hasLeadingDots = false
        var line = 0
        while line < count {
            if bytes[line] == ASCII.dot { hasLeadingDots = true }
            // Each line's first CR must stand right before its LF; that leaves no room for a bare one of either kind.
            guard let lineFeed = ByteSearch.first(ASCII.lf, in: bytes, from: line, to: count), lineFeed > line,
                ByteSearch.first(ASCII.cr, in: bytes, from: line, to: lineFeed) == lineFeed - 1
            else { return (false, false) }
            line = lineFeed + 1
        }
        return (true, hasLeadingDots)
    }

    private static func normalize(_ bytes: ByteBuffer) -> ByteBuffer {
        var output = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + bytes.readableBytes / 32 + 64)
        bytes.withUnsafeReadableBytes { input in
            let count = input.count
            var start = 0
            var index = 0
            while index < count {
                let byte = input[index]
                guard byte == ASCII.cr || byte == ASCII.lf || byte == ASCII.nul else {
                    index += 1
                    continue
                }
                output.writeBytes(UnsafeRawBufferPointer(rebasing: input[start..<index]))
                if byte != ASCII.nul { output.writeStaticString("\r\n") }
                // NUL between CR and LF must not make two line ends of one.
                if byte == ASCII.cr {
                    var next = index + 1
                    while next < count, input[next] == ASCII.nul { next += 1 }
                    if next < count, input[next] == ASCII.lf { index = next }
                }
                index += 1
                start = index
            }
            if start < count {
                output.writeBytes(UnsafeRawBufferPointer(rebasing: input[start..<count]))
            }
            if output.readableBytes > 0, output.getInteger(at: output.writerIndex - 1, as: UInt8.self) != ASCII.lf {
                output.writeStaticString("\r\n")
            }
        }
        return output
    }
}
