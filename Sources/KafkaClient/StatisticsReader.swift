/// Reads the library's JSON, without Foundation. Only integers are kept of numbers, which is all that is asked for; nesting is bounded.
struct StatisticsReader {
    indirect enum Value {
        case object([String: Value])
        case text(String)
        case number(Int64)
        case other

        subscript(_ name: String) -> Value { self.members[name] ?? .other }

        var members: [String: Value] {
            if case .object(let members) = self { members } else { [:] }
        }
        var number: Int64 {
            if case .number(let number) = self { number } else { 0 }
        }
        var text: String {
            if case .text(let text) = self { text } else { "" }
        }
    }

    private static let depthLimit = 32
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) {
        self.bytes = Array(text.utf8)
    }

    /// The whole text as one value; nil when it is not one.
    mutating func read() -> Value? {
        guard let value = self.value(depth: 0) else { return nil }
        self.skipSpace()
        return self.index == self.bytes.count ? value : nil
    }

    private mutating func value(depth: Int) -> Value? {
        guard depth < Self.depthLimit, let first = self.next() else { return nil }
        switch first {
        case UInt8(ascii: "{"): return self.object(depth: depth)
        case UInt8(ascii: "["): return self.array(depth: depth)
        case UInt8(ascii: "\""): return self.string().map { .text($0) }
        default: return self.scalar()
        }
    }

    private mutating func object(depth: Int) -> Value? {
        var members: [String: Value] = [:]
        self.index += 1
        if self.take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            guard self.next() == UInt8(ascii: "\""), let name = self.string(), self.take(UInt8(ascii: ":")), let value = self.value(depth: depth + 1)
            else { return nil }
            members[name] = value
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(UInt8(ascii: "}")) ? .object(members) : nil
        }
    }

    private mutating func array(depth: Int) -> Value? {
        self.index += 1
        if self.take(UInt8(ascii: "]")) { return .other }
        while true {
            guard self.value(depth: depth + 1) != nil else { return nil }
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(UInt8(ascii: "]")) ? .other : nil
        }
    }

    /// Escapes are kept as they are written: no name or state that is asked for has one.
    private mutating func string() -> String? {
        let start = self.index + 1
        var end = start
        while end < self.bytes.count, self.bytes[end] != UInt8(ascii: "\"") { end += self.bytes[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < self.bytes.count else { return nil }
        self.index = end + 1
        return String(decoding: self.bytes[start..<end], as: UTF8.self)
    }

    private mutating func scalar() -> Value? {
        let start = self.index
        while self.index < self.bytes.count, !Self.endsScalar(self.bytes[self.index]) { self.index += 1 }
        guard self.index > start else { return nil }
        let text = String(decoding: self.bytes[start..<self.index], as: UTF8.self)
        return Int64(text).map { .number($0) } ?? .other
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ":"), 0x20, 0x09, 0x0a, 0x0d: true
        default: false
        }
    }

    private mutating func next() -> UInt8? {
        self.skipSpace()
        return self.index < self.bytes.count ? self.bytes[self.index] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.next() == byte else { return false }
        self.index += 1
        return true
    }

    private mutating func skipSpace() {
        while self.index < self.bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(self.bytes[self.index]) { self.index += 1 }
    }
}
