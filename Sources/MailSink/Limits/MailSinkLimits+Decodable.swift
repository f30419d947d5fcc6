import SMTPProtocol

extension MailSinkLimits: Decodable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case connections, connectionsPerClient, connectionRate, messageRate, recipientRate, messagesPerConnection, recipientsPerMessage
    }

    private enum EntryKeys: String, CodingKey { case count, per, reply, at }

    /// Greatest count.
    private static var greatest: Int { 10_000_000 }

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        connections = try Self.bound(
            values, .connections, "421 4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel")
        connectionsPerClient = try Self.bound(values, .connectionsPerClient, "421 4.7.0 Too many concurrent connections from {remote}")
        connectionRate = try Self.rate(values, .connectionRate, mail: "421 4.7.0 Too many new connections from {remote}, try again later")
        messageRate = try Self.rate(
            values, .messageRate, mail: "450 4.7.1 Too many messages from {remote}, try again later",
            connect: "421 4.7.0 Too many messages from {remote}, try again later")
        recipientRate = try Self.rate(values, .recipientRate, mail: "452 4.5.3 Too many recipients from {remote}, try again later")
        messagesPerConnection = try Self.bound(
            values, .messagesPerConnection, "421 4.7.0 Max message per connection reached, closing transmission channel")
        recipientsPerMessage = try Self.bound(values, .recipientsPerMessage, "452 4.5.3 Too many recipients")
    }

    /// A number, or `{"count": 10, "reply": "421 …"}`.
    private static func bound(_ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys, _ text: String) throws -> Bound? {
        guard values.contains(key) else { return nil }
        if let count = try? values.decode(Int.self, forKey: key) {
            return Bound(try check(count, values, key), reply: try template(text, values, key))
        }
        let entry = try entry(values, key, ["count", "reply"])
        let count = try check(entry.decode(Int.self, forKey: .count), values, key)
        return Bound(count, reply: try template(try entry.decodeIfPresent(String.self, forKey: .reply) ?? text, values, key))
    }

    /// `{"count": 10, "per": "1m", "reply": "450 …"}`; `at` only where two places have a text.
    private static func rate(
        _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys, mail: String, connect: String? = nil
    ) throws -> Rate? {
        guard values.contains(key) else { return nil }
        let entry = try entry(values, key, connect == nil ? ["count", "per", "reply"] : ["count", "per", "reply", "at"])
        let count = try check(entry.decode(Int.self, forKey: .count), values, key)
        let period = try entry.decode(Distribution<Milliseconds>.self, forKey: .per)
        guard let length = period.fixedDuration, length > .zero, period.fixed.map({ $0 <= Distribution<Milliseconds>.longest }) == true else {
            throw invalid("per must be one time above 0, of a day at most", values, key)
        }
        let point = try entry.decodeIfPresent(Rate.Point.self, forKey: .at) ?? .mail
        let text = try entry.decodeIfPresent(String.self, forKey: .reply) ?? (point == .connect ? connect ?? mail : mail)
        return Rate(count, per: length, reply: try template(text, values, key), at: point)
    }

    private static func entry(
        _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys, _ known: Set<String>
    ) throws -> KeyedDecodingContainer<EntryKeys> {
        try StrictKeys.check(values.superDecoder(forKey: key), known)
        return try values.nestedContainer(keyedBy: EntryKeys.self, forKey: key)
    }

    private static func check(_ count: Int, _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) throws -> Int {
        guard (1...greatest).contains(count) else { throw invalid("count must be from 1 to \(greatest)", values, key) }
        return count
    }

    private static func template(_ text: String, _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) throws -> ReplyTemplate {
        guard let template = ReplyTemplate(text), template.reply.code >= 400 else {
            throw invalid("reply must start with a code from 400 to 599 and a space", values, key)
        }
        return template
    }

    private static func invalid(_ text: String, _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) -> DecodingError {
        .dataCorrupted(.init(codingPath: values.codingPath + [key], debugDescription: text))
    }
}
