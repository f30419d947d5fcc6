package import NIOCore

/// The content as a sequence of buffers to write, in the DATA form (a dot before each dot that starts a line, RFC 5321 section 4.5.2) or the BDAT form (as it is).
///
/// Runs that need no dot are slices of the original and copy nothing. Where stuffed lines are close together they are gathered into one copied buffer rather than
/// handed out as crumbs. The end of data is not part of the stream: see ``endOfData``.
package struct SMTPContentStream: Sendable {
    /// What ends the DATA form. Content is empty or ends in CRLF, so this always begins a line.
    package static let endOfData: StaticString = ".\r\n"

    /// Largest slice handed out at once: what is checked against the channel's writability between two.
    static let sliceOctets = 65_536
    /// A shorter run is copied rather than sliced.
    private static let worthSlicing = 2048

    private var rest: ByteBuffer
    private let stuffs: Bool
    private var atLineStart = true

    /// - Parameters:
    ///   - content: what to send.
    ///   - stuffingDots: true for DATA, false for BDAT.
    package init(_ content: SMTPContent, stuffingDots: Bool) {
        self.rest = content.bytes
        self.stuffs = stuffingDots && content.hasLeadingDots
    }

    /// Whether everything was handed out.
    package var isAtEnd: Bool { rest.readableBytes == 0 }

    /// The next buffer to write; nil at the end.
    package mutating func next() -> ByteBuffer? {
        guard rest.readableBytes > 0 else { return nil }
        guard stuffs else { return rest.readSlice(length: min(rest.readableBytes, Self.sliceOctets)) }
        let run = cleanRun()
        if run >= Self.worthSlicing || run == rest.readableBytes {
            return takeRun(run)
        }
        var gathered = ByteBufferAllocator().buffer(capacity: min(rest.readableBytes + 256, 16_384))
        while rest.readableBytes > 0, gathered.readableBytes < 12_288 {
            let run = cleanRun()
            if run >= Self.worthSlicing, gathered.readableBytes > 0 { break }
            if run > 0, var slice = takeRun(run) { gathered.writeBuffer(&slice) }
            if needsDot {
                gathered.writeStaticString("..")
                rest.moveReaderIndex(forwardBy: 1)
                atLineStart = false
            }
        }
        return gathered
    }

    private var needsDot: Bool {
        atLineStart && rest.getInteger(at: rest.readerIndex, as: UInt8.self) == ASCII.dot
    }

    private mutating func takeRun(_ length: Int) -> ByteBuffer? {
        let slice = rest.readSlice(length: length)
        if let last = slice.flatMap({ $0.getInteger(at: $0.writerIndex - 1, as: UInt8.self) }) { atLineStart = last == ASCII.lf }
        return slice
    }

    /// Octets up to the next dot that starts a line, at most a slice's worth.
    private func cleanRun() -> Int {
        if needsDot { return 0 }
        return rest.withUnsafeReadableBytes { bytes in
            let end = min(bytes.count, Self.sliceOctets)
            var position = 0
            while let lineFeed = ByteSearch.first(ASCII.lf, in: bytes, from: position, to: end) {
                position = lineFeed + 1
                if position < bytes.count, bytes[position] == ASCII.dot { return position }
            }
            return end
        }
    }
}
