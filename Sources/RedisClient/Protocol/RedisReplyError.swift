/// An error that the server answered a command with.
package struct RedisReplyError: Hashable, Sendable {
    /// Its first word, such as `NOSCRIPT`, `WRONGPASS` or `LOADING`.
    package let code: String
    /// All of it. It can quote a command's arguments, so it belongs in no log.
    package let text: String

    package init(text: String) {
        self.text = text
        let word = text.utf8.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }.prefix(32)
        self.code = word.isEmpty ? "ERR" : String(decoding: word, as: UTF8.self)
    }
}

extension RedisReplyError: CustomStringConvertible {
    package var description: String { self.code }
}
