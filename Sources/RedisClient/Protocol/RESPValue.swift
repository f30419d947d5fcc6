package import NIOCore

/// One reply of RESP2, the protocol of Redis (https://redis.io/docs/latest/develop/reference/protocol-spec/).
package enum RESPValue: Hashable, Sendable {
    /// `+OK`
    case simple(String)
    /// `-NOSCRIPT No matching script.`
    case error(RedisReplyError)
    /// `:42`
    case integer(Int64)
    /// `$5`, and five bytes: a slice of what was read from the socket, to be copied by whoever keeps it.
    case bulk(ByteBuffer)
    /// `$-1` or `*-1`
    case null
    /// `*2`, and two values.
    case array([RESPValue])

    /// The number, if it is one.
    package var integer: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The bytes, if it is a bulk string.
    package var bytes: [UInt8]? {
        if case .bulk(let buffer) = self { Array(buffer.readableBytesView) } else { nil }
    }

    /// The text of a simple or a bulk string.
    package var text: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let buffer): String(buffer: buffer)
        default: nil
        }
    }

    /// The values, if it is an array.
    package var array: [RESPValue]? {
        if case .array(let values) = self { values } else { nil }
    }
}
