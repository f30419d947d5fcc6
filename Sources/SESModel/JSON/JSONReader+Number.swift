extension JSONReader {
    /// A number as written, whole where it can be.
    package enum Number: Hashable, Sendable {
        case integer(Int64)
        case double(Double)
    }

    /// Takes a number (RFC 8259, section 6): no leading zeros, no bare points, at most 64 bytes, within the range of a double.
    package mutating func readNumber() throws(SESError) -> Number {
        let start = self.position
        _ = self.accept(UInt8(ascii: "-"))
        if !self.accept(UInt8(ascii: "0")) { try self.takeDigits() }
        var isWhole = true
        if self.accept(UInt8(ascii: ".")) {
            isWhole = false
            try self.takeDigits()
        }
        if self.accept(UInt8(ascii: "e")) || self.accept(UInt8(ascii: "E")) {
            isWhole = false
            _ = self.accept(UInt8(ascii: "+")) || self.accept(UInt8(ascii: "-"))
            try self.takeDigits()
        }
        if let next = self.current, Self.continuesNumber(next) { throw self.unexpected() }
        guard self.position - start <= 64 else { throw .serialization("A number of the request body is too long") }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else { throw .serialization("A number of the request body is out of range") }
        if let integer = Int64(exactly: double) { return .integer(integer) }
        return .double(double)
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard self.current == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func takeDigits() throws(SESError) {
        let start = self.position
        while let byte = self.current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
        guard self.position > start else { throw self.unexpected() }
    }

    private static func continuesNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
