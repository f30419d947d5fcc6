/// Writes JSON by hand, in the order of the calls; commas come by themselves.
package struct JSONWriter {
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    /// - Parameter bytes: what stands before; the text is appended.
    package init(appendingTo bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    // MARK: Structure

    package mutating func beginObject() { self.open(UInt8(ascii: "{")) }
    package mutating func endObject() { self.close(UInt8(ascii: "}")) }
    package mutating func beginList() { self.open(UInt8(ascii: "[")) }
    package mutating func endList() { self.close(UInt8(ascii: "]")) }

    /// A member's name; its value follows.
    package mutating func key(_ name: String) {
        self.separate()
        self.appendQuoted(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    // MARK: Values

    package mutating func string(_ value: String) {
        self.separate()
        self.appendQuoted(value)
    }

    package mutating func integer(_ value: Int64) { self.plain(String(value)) }
    package mutating func boolean(_ value: Bool) { self.plain(value ? "true" : "false") }
    package mutating func null() { self.plain("null") }

    /// A number with a fraction; what JSON cannot say becomes null.
    package mutating func double(_ value: Double) { self.plain(value.isFinite ? value.description : "null") }

    /// Epoch seconds with up to three decimals, as the REST-JSON protocol writes timestamps.
    package mutating func epochSeconds(milliseconds: Int64) {
        self.separate()
        let (seconds, rest) = abs(clamping: milliseconds).quotientAndRemainder(dividingBy: 1000)
        if milliseconds < 0 { self.bytes.append(UInt8(ascii: "-")) }
        self.bytes.append(contentsOf: String(seconds).utf8)
        if rest > 0 {
            self.bytes.append(UInt8(ascii: "."))
            self.bytes.append(UInt8(ascii: "0") + UInt8(rest / 100))
            self.bytes.append(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
            self.bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
        }
    }

    // MARK: Members

    package mutating func member(_ name: String, _ value: String) {
        self.key(name)
        self.string(value)
    }

    package mutating func member(_ name: String, _ values: [String]) {
        self.key(name)
        self.beginList()
        for value in values { self.string(value) }
        self.endList()
    }

    // MARK: Bytes

    private mutating func open(_ byte: UInt8) {
        self.separate()
        self.bytes.append(byte)
        self.needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        self.bytes.append(byte)
        self.needsComma = true
    }

    private mutating func plain(_ text: String) {
        self.separate()
        self.bytes.append(contentsOf: text.utf8)
    }

    private mutating func separate() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = true
    }

    private func abs(clamping value: Int64) -> Int64 { value == .min ? .max : Swift.abs(value) }

    private mutating func appendQuoted(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(byte)
            case 0x0A: self.bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: self.bytes.append(contentsOf: "\\r".utf8)
            case 0x09: self.bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                self.bytes.append(contentsOf: "\\u00".utf8)
                self.bytes.append(Hexadecimal.digit(byte >> 4))
                self.bytes.append(Hexadecimal.digit(byte & 15))
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }
}
