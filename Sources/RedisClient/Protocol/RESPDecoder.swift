package import NIOCore

/// Reads RESP2 replies from bytes that come in any pieces.
///
///     +OK␍␊                    simple("OK")
///     *2␍␊:1␍␊$3␍␊abc␍␊        array([integer(1), bulk("abc")])
///
/// Nothing is allocated for what is only announced, no byte is looked at twice, and what breaks ``RESPLimits`` is refused at the
/// announcement. After a violation there is no telling where the next reply begins: the decoder says the same again.
package struct RESPDecoder: Sendable {
    private struct OpenArray {
        var values: [RESPValue]
        var missing: Int
    }

    private enum Line {
        case incomplete
        /// Without its line ending.
        case complete(length: Int)
        case violation(RESPViolation)
    }

    private let limits: RESPLimits
    private var open: [OpenArray] = []
    /// The length of the bulk string whose bytes come next.
    private var bulkLength: Int?
    /// How many bytes of the line that is not complete were looked at.
    private var scanned = 0
    private var replyBytes = 0
    private var replyValues = 0
    private var violation: RESPViolation?

    package init(limits: RESPLimits = RESPLimits()) {
        self.limits = limits
    }

    /// Takes the next whole reply from the front of `buffer`.
    ///
    /// - Returns: nil when more bytes are needed; bytes that were understood are taken all the same.
    /// - Throws: ``RESPViolation``.
    package mutating func next(_ buffer: inout ByteBuffer) throws(RESPViolation) -> RESPValue? {
        if let violation { throw violation }
        do throws(RESPViolation) {
            while true {
                guard var value = try self.element(&buffer) else { return nil }
                // An array that is begun has given `incomplete`; everything else completes what it lies in.
                while var last = self.open.popLast() {
                    last.values.append(value)
                    last.missing -= 1
                    guard last.missing == 0 else {
                        self.open.append(last)
                        break
                    }
                    value = .array(last.values)
                }
                if self.open.isEmpty {
                    self.replyBytes = 0
                    self.replyValues = 0
                    return value
                }
            }
        } catch {
            self.violation = error
            self.open = []
            throw error
        }
    }

    /// The next value that is complete by itself; arrays with elements are opened on the way.
    private mutating func element(_ buffer: inout ByteBuffer) throws(RESPViolation) -> RESPValue? {
        while true {
            if let length = self.bulkLength {
                guard buffer.readableBytes >= length + 2 else { return nil }
                self.bulkLength = nil
                // Both are there.
                guard let bytes = buffer.readSlice(length: length), let ending = buffer.readInteger(as: UInt16.self), ending == 0x0D0A else {
                    throw .badLineEnding
                }
                return .bulk(bytes)
            }
            let length: Int
            switch self.scanLine(buffer) {
            case .incomplete: return nil
            case .violation(let violation): throw violation
            case .complete(let found): length = found
            }
            try self.count(bytes: length + 2)
            guard length >= 1, let type = buffer.readInteger(as: UInt8.self) else { throw .unknownType }
            switch type {
            case UInt8(ascii: ":"):
                return .integer(try Self.number(&buffer, length: length - 1))
            case UInt8(ascii: "$"):
                let announced = try Self.number(&buffer, length: length - 1)
                if announced == -1 { return .null }
                guard announced >= 0 else { throw .badNumber }
                guard announced <= Int64(self.limits.bulkBytes) else { throw .bulkTooLong }
                try self.count(bytes: Int(announced))
                self.bulkLength = Int(announced)
            case UInt8(ascii: "+"):
                return .simple(try Self.text(&buffer, length: length - 1))
            case UInt8(ascii: "-"):
                return .error(RedisReplyError(text: try Self.text(&buffer, length: length - 1)))
            case UInt8(ascii: "*"):
                let announced = try Self.number(&buffer, length: length - 1)
                if announced == -1 { return .null }
                guard announced >= 0 else { throw .badNumber }
                guard announced <= Int64(self.limits.values - self.replyValues) else { throw .tooManyValues }
                guard self.open.count < self.limits.depth else { throw .tooDeep }
                if announced == 0 { return .array([]) }
                self.replyValues += Int(announced)
                var values: [RESPValue] = []
                values.reserveCapacity(min(Int(announced), 64))
                self.open.append(OpenArray(values: values, missing: Int(announced)))
            default: throw .unknownType
            }
        }
    }

    private mutating func count(bytes: Int) throws(RESPViolation) {
        self.replyBytes += bytes
        guard self.replyBytes <= self.limits.replyBytes else { throw .replyTooLong }
    }

    /// Looks for the end of the line at the front of `buffer`, from where the last look ended.
    private mutating func scanLine(_ buffer: ByteBuffer) -> Line {
        let limit = self.limits.lineBytes
        let start = self.scanned
        let (line, seen) = buffer.withUnsafeReadableBytes { bytes -> (Line, Int) in
            var index = start
            while index < bytes.count {
                let byte = bytes[index]
                if byte == 0x0D {
                    guard index + 1 < bytes.count else { break }
                    return (bytes[index + 1] == 0x0A ? .complete(length: index) : .violation(.badLineEnding), 0)
                }
                if byte == 0x0A { return (.violation(.badLineEnding), 0) }
                index += 1
                if index > limit { return (.violation(.lineTooLong), 0) }
            }
            return (.incomplete, index)
        }
        self.scanned = seen
        return line
    }

    /// Reads a decimal number and the line's end.
    private static func number(_ buffer: inout ByteBuffer, length: Int) throws(RESPViolation) -> Int64 {
        let value = buffer.withUnsafeReadableBytes { bytes -> Int64? in
            var index = 0
            let isNegative = length > 0 && bytes[0] == UInt8(ascii: "-")
            if isNegative { index = 1 }
            guard index < length, length <= 20 else { return nil }
            // Counted downwards, where there is one more.
            var number: Int64 = 0
            while index < length {
                let digit = bytes[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
                let (sum, carried) = scaled.subtractingReportingOverflow(Int64(digit))
                guard !overflow, !carried else { return nil }
                number = sum
                index += 1
            }
            if isNegative { return number }
            return number == .min ? nil : -number
        }
        guard let value else { throw .badNumber }
        buffer.moveReaderIndex(forwardBy: length + 2)
        return value
    }

    /// Reads the rest of a line as text; bytes that are no UTF-8 are replaced.
    private static func text(_ buffer: inout ByteBuffer, length: Int) throws(RESPViolation) -> String {
        guard let text = buffer.readString(length: length) else { throw .badLineEnding }
        buffer.moveReaderIndex(forwardBy: 2)
        return text
    }
}
