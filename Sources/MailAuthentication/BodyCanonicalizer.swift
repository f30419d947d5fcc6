/// Brings a body into its canonical form as its bytes arrive (RFC 6376 §3.4.3, §3.4.4).
///
/// One pass, nothing allocated: bytes that are canonical already go to the sink as runs of the caller's own buffer,
/// over line ends too, and only white space and line ends whose fate later bytes decide are held, as counts. A run
/// therefore spans whole paragraphs of ordinary text. Only CRLF ends a line; a lone CR or LF is a byte like others.
struct BodyCanonicalizer {
    private let relaxed: Bool
    /// CRLFs seen since the last byte that was written: at the end of the body they are one, or none.
    private var heldLineEnds = 0
    /// Relaxed only: white space seen since the last byte or line end.
    private var heldSpace = false
    /// The last byte of the previous chunk was a CR that may become a CRLF.
    private var heldCarriageReturn = false
    private var hasContent = false

    init(_ canonicalization: DKIMCanonicalization) {
        relaxed = canonicalization == .relaxed
    }

    /// Takes the next bytes of the body; any split gives the same output.
    mutating func update(_ bytes: UnsafeRawBufferPointer, into sink: inout some ByteSink & ~Copyable) {
        var index = 0
        let count = bytes.count
        while index < count {
            let byte = bytes[index]
            if heldCarriageReturn {
                heldCarriageReturn = false
                if byte == ASCII.lineFeed {
                    heldSpace = false
                    heldLineEnds += 1
                    index += 1
                    continue
                }
                writeContent(Self.carriageReturn, into: &sink)
                continue
            }
            if byte == ASCII.carriageReturn {
                heldCarriageReturn = true
                index += 1
                continue
            }
            if relaxed, ASCII.isWhitespace(byte) {
                heldSpace = true
                index += 1
                continue
            }
            let end = endOfRun(in: bytes, from: index)
            flushHeld(into: &sink)
            sink.write(UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
            index = end
        }
    }

    /// Writes what the end of the body decides: exactly one CRLF after content; for no content, a CRLF when simple
    /// and nothing when relaxed.
    mutating func finish(into sink: inout some ByteSink & ~Copyable) {
        if heldCarriageReturn {
            heldCarriageReturn = false
            writeContent(Self.carriageReturn, into: &sink)
        }
        // White space held here ended a line that has no CRLF; relaxed drops it like any at a line's end.
        if hasContent || !relaxed { Self.write(Self.lineEnds, count: 2, into: &sink) }
    }

    /// The end of the run of bytes from `start` that are canonical as they stand.
    ///
    /// A single space before an ordinary byte and a CRLF before an ordinary byte are, so they do not end the run.
    private func endOfRun(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let count = bytes.count
        var index = start + 1
        while index < count {
            let byte = bytes[index]
            if byte > ASCII.space {
                index += 1
            } else if byte == ASCII.carriageReturn {
                guard index + 2 < count, bytes[index + 1] == ASCII.lineFeed, !isHeld(bytes[index + 2]) else {
                    return index
                }
                index += 3
            } else if relaxed, byte == ASCII.space {
                guard index + 1 < count, !isHeld(bytes[index + 1]) else { return index }
                index += 2
            } else if relaxed, byte == ASCII.tab {
                return index
            } else {
                index += 1
            }
        }
        return count
    }

    /// Whether this byte's meaning depends on the bytes after it.
    private func isHeld(_ byte: UInt8) -> Bool {
        byte == ASCII.carriageReturn || (relaxed && ASCII.isWhitespace(byte))
    }

    private mutating func writeContent(_ bytes: StaticString, into sink: inout some ByteSink & ~Copyable) {
        flushHeld(into: &sink)
        Self.write(bytes, count: bytes.utf8CodeUnitCount, into: &sink)
    }

    private mutating func flushHeld(into sink: inout some ByteSink & ~Copyable) {
        hasContent = true
        while heldLineEnds > 0 {
            let lines = min(heldLineEnds, Self.lineEnds.utf8CodeUnitCount / 2)
            Self.write(Self.lineEnds, count: lines * 2, into: &sink)
            heldLineEnds -= lines
        }
        if heldSpace {
            heldSpace = false
            Self.write(Self.space, count: 1, into: &sink)
        }
    }

    private static func write(_ text: StaticString, count: Int, into sink: inout some ByteSink & ~Copyable) {
        sink.write(UnsafeRawBufferPointer(start: text.utf8Start, count: count))
    }

    private static let carriageReturn: StaticString = "\r"
    private static let space: StaticString = " "
    private static let lineEnds: StaticString =
        "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
}
