/// The name of a body in a ``PostgresBodyStore``: 128 random bits, 32 hexadecimal digits.
struct PostgresBodyReference: Hashable, Sendable {
    let bytes: [UInt8]

    static func random() -> PostgresBodyReference {
        var generator = SystemRandomNumberGenerator()
        return PostgresBodyReference(bytes: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Returns: nil unless `text` is exactly what ``text`` gives for some reference.
    init?(_ text: String) {
        guard text.utf8.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.bytes = bytes
    }

    var text: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: self.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] }, as: UTF8.self)
    }
}
