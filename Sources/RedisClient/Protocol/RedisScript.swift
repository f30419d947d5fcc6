internal import Crypto
internal import NIOCore

/// A Lua script, called by its digest; the server is sent the source only when it does not have it.
package struct RedisScript: Hashable, Sendable {
    /// The source as a bulk string.
    let source: ByteBuffer
    /// SHA-1 of the source in hexadecimal, as a bulk string: what `EVALSHA` takes.
    let digest: ByteBuffer

    package init(_ source: String) {
        let hash = Insecure.SHA1.hash(data: Array(source.utf8))
        let digits = Array("0123456789abcdef".utf8)
        self.source = RedisCommand.bulk(Array(source.utf8))
        self.digest = RedisCommand.bulk(hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
