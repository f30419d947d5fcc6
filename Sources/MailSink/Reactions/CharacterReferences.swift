/// The character references of HTML that occur in addresses.
enum CharacterReferences {
    private static var named: [(StaticString, UInt8)] { [("amp;", 0x26), ("lt;", 0x3C), ("gt;", 0x3E), ("quot;", 0x22), ("apos;", 0x27)] }

    /// What is no reference stays as it is.
    static func resolved(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var rest = text
        while let ampersand = rest.firstIndex(of: 0x26) {
            output.append(contentsOf: rest[..<ampersand])
            rest = rest[(ampersand + 1)...]
            if let (length, scalar) = numeric(rest) {
                output.append(contentsOf: String(scalar).utf8)
                rest = rest.dropFirst(length)
            } else if let (name, byte) = named.first(where: { starts(rest, with: $0.0) }) {
                output.append(byte)
                rest = rest.dropFirst(name.utf8CodeUnitCount)
            } else {
                output.append(0x26)
            }
        }
        output.append(contentsOf: rest)
        return output
    }

    /// `#38;`, `#x26;`.
    private static func numeric(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> (length: Int, Character)? {
        guard text.first == 0x23 else { return nil }
        var digits = text.dropFirst()
        let isHexadecimal = digits.first.map { $0 | 0x20 == 0x78 } ?? false
        if isHexadecimal { digits = digits.dropFirst() }
        let number = digits.prefix(8).prefix { (0x30...0x39).contains($0) || (isHexadecimal && (0x61...0x66).contains($0 | 0x20)) }
        guard !number.isEmpty, digits.dropFirst(number.count).first == 0x3B,
            let value = UInt32(String(decoding: number, as: UTF8.self), radix: isHexadecimal ? 16 : 10), value > 0,
            let scalar = Unicode.Scalar(value)
        else { return nil }
        return (number.endIndex + 1 - text.startIndex, Character(scalar))
    }

    private static func starts(_ text: Slice<UnsafeBufferPointer<UInt8>>, with name: StaticString) -> Bool {
        text.starts(with: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
