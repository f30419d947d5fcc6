internal import ApusCore
internal import Crypto
internal import RedisClient

/// The names of keys.
///
///     apus:epoch          apus:r:account/123456789012     apus:m:<16 bytes>
///     apus:workers        apus:q:123456789012             apus:summaries
struct RedisKeys: Sendable {
    let epoch: RedisArgument
    let workers: RedisArgument
    let summaries: RedisArgument
    private let prefix: String

    init(prefix: String) {
        self.prefix = prefix
        self.epoch = .text("\(prefix):epoch")
        self.workers = .text("\(prefix):workers")
        self.summaries = .text("\(prefix):summaries")
    }

    func rate(_ key: String) -> RedisArgument { .text("\(self.prefix):r:\(key)") }

    func quota(_ account: AccountID) -> RedisArgument { .text("\(self.prefix):q:\(account.rawValue)") }

    /// 128 bits of a hash, so that Redis holds no addresses and keys are small.
    func marker(_ message: MessageID, _ recipient: String) -> [UInt8] {
        var hash = SHA256()
        var id = message.rawValue
        var address = recipient
        // The id has a fixed length, so the two cannot run into each other.
        id.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        address.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return Array("\(self.prefix):m:".utf8) + hash.finalize().prefix(16)
    }
}
