/// Writes a header field in pieces, folding so that lines stay within 78 columns where the pieces allow it.
struct FoldedField {
    /// RFC 5322 §2.1.1: lines should be no longer than this, without their CRLF.
    static let maximumColumns = 78

    private(set) var bytes: [UInt8]
    private var column: Int

    init(name: StaticString) {
        var bytes = [UInt8]()
        bytes.reserveCapacity(1_024)
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(ASCII.colon)
        column = bytes.count
        self.bytes = bytes
    }

    /// Appends a piece that stays whole, after a space, or on a new line when it does not fit.
    mutating func append(word: some Collection<UInt8>) {
        if column + 1 + word.count > Self.maximumColumns { fold() } else { put(ASCII.space) }
        append(joined: word)
    }

    /// Appends a piece that stays whole with nothing before it, or on a new line when it does not fit.
    mutating func append(unspaced word: some Collection<UInt8>) {
        if column + word.count > Self.maximumColumns { fold() }
        append(joined: word)
    }

    /// Appends text that may be cut anywhere, filling each line.
    mutating func append(divisible text: some Collection<UInt8>) {
        for byte in text {
            if column >= Self.maximumColumns { fold() }
            put(byte)
        }
    }

    /// Appends to the current line, whatever its length.
    mutating func append(joined word: some Collection<UInt8>) {
        bytes.append(contentsOf: word)
        column += word.count
    }

    /// Starts a continuation line.
    mutating func fold() {
        bytes.append(ASCII.carriageReturn)
        bytes.append(ASCII.lineFeed)
        bytes.append(ASCII.space)
        column = 1
    }

    private mutating func put(_ byte: UInt8) {
        bytes.append(byte)
        column += 1
    }
}
