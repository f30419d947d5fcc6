package import NIOCore

/// One argument of a command.
package enum RedisArgument: Hashable, Sendable {
    case text(String)
    case bytes([UInt8])
    case buffer(ByteBuffer)
    case integer(Int64)
}

extension RedisArgument: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self = .text(value)
    }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) {
        self = .integer(value)
    }
}
