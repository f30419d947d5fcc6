package import NIOCore

/// A command as it goes over the wire: an array of bulk strings, encoded by whoever makes it and not on an event loop.
///
///     *2␍␊$3␍␊GET␍␊$1␍␊a␍␊
package struct RedisCommand: Sendable {
    /// The encoded command; a script's call is by digest.
    package let bytes: ByteBuffer
    /// What to send when the server does not know the digest.
    let script: RedisScript?
    /// Where what follows the digest begins in ``bytes``.
    private let tail: Int
    private let count: Int

    /// A command by its words.
    package init(_ arguments: RedisArgument...) {
        self.init(arguments)
    }

    /// A command by its words, at least one.
    package init(_ arguments: [RedisArgument]) {
        precondition(!arguments.isEmpty, "a command has a name")
        var bytes = ByteBuffer()
        bytes.reserveCapacity(16 + arguments.reduce(0) { $0 + Self.room($1) })
        Self.writeHeader("*", arguments.count, to: &bytes)
        for argument in arguments { Self.write(argument, to: &bytes) }
        self.bytes = bytes
        self.script = nil
        self.tail = 0
        self.count = arguments.count
    }

    /// A call of a script.
    ///
    /// - Parameters:
    ///   - keys: all keys that it touches, of one slot.
    ///   - arguments: its `ARGV`.
    package init(_ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument]) {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(96 + keys.reduce(0) { $0 + Self.room($1) } + arguments.reduce(0) { $0 + Self.room($1) })
        self.count = 3 + keys.count + arguments.count
        Self.writeHeader("*", self.count, to: &bytes)
        bytes.writeStaticString("$7\r\nEVALSHA\r\n")
        bytes.writeImmutableBuffer(script.digest)
        self.tail = bytes.writerIndex
        Self.write(.integer(Int64(keys.count)), to: &bytes)
        for key in keys { Self.write(key, to: &bytes) }
        for argument in arguments { Self.write(argument, to: &bytes) }
        self.bytes = bytes
        self.script = script
    }

    /// The same call with the script's source, which the server keeps from then on; nil for what is no call of a script by digest.
    var withSource: RedisCommand? {
        guard let script, let rest = self.bytes.getSlice(at: self.tail, length: self.bytes.writerIndex - self.tail) else { return nil }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(32 + script.source.readableBytes + rest.readableBytes)
        Self.writeHeader("*", self.count, to: &bytes)
        bytes.writeStaticString("$4\r\nEVAL\r\n")
        bytes.writeImmutableBuffer(script.source)
        bytes.writeImmutableBuffer(rest)
        return RedisCommand(bytes: bytes, count: self.count)
    }

    private init(bytes: ByteBuffer, count: Int) {
        self.bytes = bytes
        self.script = nil
        self.tail = 0
        self.count = count
    }

    /// Bytes as a bulk string.
    static func bulk(_ bytes: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        Self.write(.bytes(bytes), to: &buffer)
        return buffer
    }

    private static func room(_ argument: RedisArgument) -> Int {
        switch argument {
        case .text(let text): 16 + text.utf8.count
        case .bytes(let bytes): 16 + bytes.count
        case .buffer(let buffer): 16 + buffer.readableBytes
        case .integer: 36
        }
    }

    private static func write(_ argument: RedisArgument, to buffer: inout ByteBuffer) {
        switch argument {
        case .text(let text):
            Self.writeHeader("$", text.utf8.count, to: &buffer)
            buffer.writeString(text)
        case .bytes(let bytes):
            Self.writeHeader("$", bytes.count, to: &buffer)
            buffer.writeBytes(bytes)
        case .buffer(let bytes):
            Self.writeHeader("$", bytes.readableBytes, to: &buffer)
            buffer.writeImmutableBuffer(bytes)
        case .integer(let number):
            Self.writeHeader("$", Self.digits(number), to: &buffer)
            Self.writeDecimal(number, to: &buffer)
        }
        buffer.writeInteger(0x0D0A as UInt16)
    }

    private static func writeHeader(_ type: Unicode.Scalar, _ count: Int, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: type))
        Self.writeDecimal(Int64(count), to: &buffer)
        buffer.writeInteger(0x0D0A as UInt16)
    }

    /// How many bytes the decimal form takes.
    private static func digits(_ number: Int64) -> Int {
        var count = number < 0 ? 2 : 1
        var rest = number.magnitude
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }

    private static func writeDecimal(_ number: Int64, to buffer: inout ByteBuffer) {
        let count = Self.digits(number)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            var rest = number.magnitude
            var index = count
            repeat {
                index -= 1
                bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 { bytes[0] = UInt8(ascii: "-") }
            return count
        }
    }
}

extension RedisCommand: CustomStringConvertible {
    /// Arguments may be anybody's data: their size is all that is said.
    package var description: String { "command of \(self.bytes.readableBytes) bytes" }
}
