/// A cursor over one JSON text (RFC 8259): it never builds a tree, is strict, and stops at its limits.
///
/// The decoder that drives it knows the shape it wants; ``skipValue()`` passes over what nobody asked for and checks it all the same.
package struct JSONReader {
    /// What stands next.
    package enum Token: Hashable, Sendable {
        case string, number, `true`, `false`, null, list, object
    }

    let bytes: [UInt8]
    var position = 0
    let limits: JSONLimits
    private var depth = 0
    private var elements = 0

    package init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) {
        self.bytes = bytes
        self.limits = limits
    }

    // MARK: Structure

    /// Looks at what stands next without taking it.
    package mutating func peek() throws(SESError) -> Token {
        self.skipSpace()
        guard let byte = self.current else { throw self.unexpected() }
        switch byte {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .list
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw self.unexpected()
        }
    }

    /// Takes an object and calls `body` for each key, with the reader at the value; `body` takes the value.
    package mutating func readObject(_ body: (String, inout JSONReader) throws(SESError) -> Void) throws(SESError) {
        try self.enter(UInt8(ascii: "{"))
        if self.takeIf(UInt8(ascii: "}")) { return self.leave() }
        repeat {
            self.skipSpace()
            guard self.current == UInt8(ascii: "\"") else { throw self.unexpected() }
            let key = try self.readString()
            try self.take(UInt8(ascii: ":"))
            try self.count()
            try body(key, &self)
        } while self.takeIf(UInt8(ascii: ","))
        try self.take(UInt8(ascii: "}"))
        self.leave()
    }

    /// Takes an array and calls `body` for each element, with the reader at it; `body` takes it.
    package mutating func readList(_ body: (inout JSONReader) throws(SESError) -> Void) throws(SESError) {
        try self.enter(UInt8(ascii: "["))
        if self.takeIf(UInt8(ascii: "]")) { return self.leave() }
        repeat {
            try self.count()
            try body(&self)
        } while self.takeIf(UInt8(ascii: ","))
        try self.take(UInt8(ascii: "]"))
        self.leave()
    }

    /// Takes one value of any kind and checks that it is JSON.
    package mutating func skipValue() throws(SESError) {
        switch try self.peek() {
        case .string: try self.skipString()
        case .number: _ = try self.readNumber()
        case .true: try self.readLiteral("true")
        case .false: try self.readLiteral("false")
        case .null: try self.readLiteral("null")
        case .object: try self.readObject { (_, reader) throws(SESError) in try reader.skipValue() }
        case .list: try self.readList { (reader) throws(SESError) in try reader.skipValue() }
        }
    }

    /// Takes `true`, `false` or `null`.
    package mutating func readLiteral(_ literal: StaticString) throws(SESError) {
        for offset in 0..<literal.utf8CodeUnitCount {
            guard self.current == literal.utf8Start[offset] else { throw self.unexpected() }
            self.position += 1
        }
        // "nullx" is no literal: a delimiter or the end follows.
        if let next = self.current, JSONReader.isWordByte(next) { throw self.unexpected() }
    }

    /// Makes sure that nothing but white space follows.
    package mutating func expectEnd() throws(SESError) {
        self.skipSpace()
        guard self.position == self.bytes.count else { throw self.unexpected() }
    }

    // MARK: Bytes

    var current: UInt8? {
        self.position < self.bytes.count ? self.bytes[self.position] : nil
    }

    func unexpected() -> SESError {
        self.position < self.bytes.count
            ? .serialization("Unexpected character at byte \(self.position + 1) of the request body")
            : .serialization("Unexpected end of the request body")
    }

    private mutating func skipSpace() {
        while let byte = self.current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.position += 1 }
    }

    private mutating func take(_ byte: UInt8) throws(SESError) {
        guard self.takeIf(byte) else { throw self.unexpected() }
    }

    private mutating func takeIf(_ byte: UInt8) -> Bool {
        self.skipSpace()
        guard self.current == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func enter(_ byte: UInt8) throws(SESError) {
        try self.take(byte)
        self.depth += 1
        guard self.depth <= self.limits.depth else { throw .serialization("The request body is nested too deeply") }
    }

    private mutating func leave() {
        self.depth -= 1
    }

    private mutating func count() throws(SESError) {
        self.elements += 1
        guard self.elements <= self.limits.elements else { throw .serialization("The request body has too many members") }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
