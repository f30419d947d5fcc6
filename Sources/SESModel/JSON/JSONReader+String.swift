extension JSONReader {
    /// Takes a string: strict UTF-8, no bare control characters, no lone surrogates.
    package mutating func readString() throws(SESError) -> String {
        self.position += 1
        let start = self.position
        try self.scanPlain()
        guard self.current == UInt8(ascii: "\"") else { return try self.readEscapedString(from: start) }
        let end = self.position
        self.position += 1
        return try self.text(self.bytes[start..<end])
    }

    /// Takes a string and forgets it, checking it as ``readString()`` does.
    mutating func skipString() throws(SESError) {
        _ = try self.readString()
    }

    /// Takes one character of a string's inside that begins with a backslash, and appends its UTF-8.
    mutating func readEscape(into output: inout [UInt8]) throws(SESError) {
        self.position += 1
        guard let byte = self.current else { throw self.unexpected() }
        let plain: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = byte
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            self.position += 1
            return try self.readUnicodeEscape(into: &output)
        default: throw self.unexpected()
        }
        self.position += 1
        output.append(plain)
    }

    /// Moves to the next quote, backslash or end; refuses control characters on the way.
    private mutating func scanPlain() throws(SESError) {
        let start = self.position
        let end = self.bytes.withUnsafeBufferPointer { bytes in
            var index = start
            while index < bytes.count, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
                index += 1
            }
            return index
        }
        self.position = end
        guard end - start <= self.limits.stringBytes else { throw .serialization("A string of the request body is too long") }
        guard let byte = self.current, byte >= 0x20 else { throw self.unexpected() }
    }

    private mutating func readEscapedString(from start: Int) throws(SESError) -> String {
        var output = Array(self.bytes[start..<self.position])
        while self.current == UInt8(ascii: "\\") {
            try self.readEscape(into: &output)
            let plain = self.position
            try self.scanPlain()
            output.append(contentsOf: self.bytes[plain..<self.position])
            guard output.count <= self.limits.stringBytes else { throw .serialization("A string of the request body is too long") }
        }
        self.position += 1
        return try self.text(output[...])
    }

    private func text(_ slice: ArraySlice<UInt8>) throws(SESError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw .serialization("The request body is not valid UTF-8") }
        return text
    }

    private mutating func readUnicodeEscape(into output: inout [UInt8]) throws(SESError) {
        var value = try self.readHexUnit()
        switch value {
        case 0xD800...0xDBFF:
            guard self.current == UInt8(ascii: "\\"), self.position + 1 < self.bytes.count,
                self.bytes[self.position + 1] == UInt8(ascii: "u")
            else { throw .serialization("The request body has a lone surrogate") }
            self.position += 2
            let low = try self.readHexUnit()
            guard (0xDC00...0xDFFF).contains(low) else { throw .serialization("The request body has a lone surrogate") }
            value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
        case 0xDC00...0xDFFF: throw .serialization("The request body has a lone surrogate")
        default: break
        }
        guard let scalar = Unicode.Scalar(value) else { throw self.unexpected() }
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func readHexUnit() throws(SESError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = self.current, let digit = Hexadecimal.value(of: byte) else { throw self.unexpected() }
            value = value << 4 | UInt32(digit)
            self.position += 1
        }
        return value
    }
}
