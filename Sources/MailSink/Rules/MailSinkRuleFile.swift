import SMTPProtocol

/// The rules file as it is written.
struct MailSinkRuleFile: Decodable {
    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    struct Entry: Decodable {
        struct LongLine: Decodable {
            var code: Int
            var octets: Int
        }

        var name: String?
        var stage: MailSinkStage
        var recipient: String?
        var sender: String?
        var ehlo: String?
        var remote: String?
        var encrypted: Bool?
        var per: MailSinkRule.Scope?
        var first: Int?
        var after: Int?
        var every: Int?
        var probability: Double?
        var afterOctets: Int?
        var delayMilliseconds: Int?
        var accept: Bool?
        var reply: String?
        var raw: String?
        var garbage: Int?
        var longLine: LongLine?
        var close: Bool?
        var hang: Bool?
        var thenClose: Bool?

        private static let keys: Set<String> = [
            "name", "stage", "recipient", "sender", "ehlo", "remote", "encrypted", "per", "first", "after", "every", "probability", "afterOctets",
            "delayMilliseconds", "accept", "reply", "raw", "garbage", "longLine", "close", "hang", "thenClose",
        ]

        private enum CodingKeys: String, CodingKey {
            case name, stage, recipient, sender, ehlo, remote, encrypted, per, first, after, every, probability, afterOctets
            case delayMilliseconds, accept, reply, raw, garbage, longLine, close, hang, thenClose
        }

        init(from decoder: any Decoder) throws {
            try MailSinkRuleFile.check(decoder, Self.keys)
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            stage = try container.decode(MailSinkStage.self, forKey: .stage)
            recipient = try container.decodeIfPresent(String.self, forKey: .recipient)
            sender = try container.decodeIfPresent(String.self, forKey: .sender)
            ehlo = try container.decodeIfPresent(String.self, forKey: .ehlo)
            remote = try container.decodeIfPresent(String.self, forKey: .remote)
            encrypted = try container.decodeIfPresent(Bool.self, forKey: .encrypted)
            per = try container.decodeIfPresent(MailSinkRule.Scope.self, forKey: .per)
            first = try container.decodeIfPresent(Int.self, forKey: .first)
            after = try container.decodeIfPresent(Int.self, forKey: .after)
            every = try container.decodeIfPresent(Int.self, forKey: .every)
            probability = try container.decodeIfPresent(Double.self, forKey: .probability)
            afterOctets = try container.decodeIfPresent(Int.self, forKey: .afterOctets)
            delayMilliseconds = try container.decodeIfPresent(Int.self, forKey: .delayMilliseconds)
            accept = try container.decodeIfPresent(Bool.self, forKey: .accept)
            reply = try container.decodeIfPresent(String.self, forKey: .reply)
            raw = try container.decodeIfPresent(String.self, forKey: .raw)
            garbage = try container.decodeIfPresent(Int.self, forKey: .garbage)
            longLine = try container.decodeIfPresent(LongLine.self, forKey: .longLine)
            close = try container.decodeIfPresent(Bool.self, forKey: .close)
            hang = try container.decodeIfPresent(Bool.self, forKey: .hang)
            thenClose = try container.decodeIfPresent(Bool.self, forKey: .thenClose)
        }

        func rule(index: Int) throws -> MailSinkRule {
            let name = name ?? "rules[\(index)]"
            func invalid(_ text: String) -> MailSinkError { MailSinkError(.invalidRules, "rules file, rule \"\(name)\": \(text)") }
            var actions: [MailSinkRule.Action] = []
            if accept == true { actions.append(.accept) }
            if let reply {
                guard let parsed = Self.parse(reply) else { throw invalid("reply must start with a code from 200 to 599 and a space") }
                actions.append(.reply(parsed))
            }
            if let raw { actions.append(.raw(Array(raw.utf8))) }
            if let garbage {
                guard (1...100_000_000).contains(garbage) else { throw invalid("garbage must be from 1 to 100000000 octets") }
                actions.append(.garbage(octets: garbage))
            }
            if let longLine {
                guard (200...599).contains(longLine.code), (1...100_000_000).contains(longLine.octets) else {
                    throw invalid("longLine needs a code from 200 to 599 and octets from 1 to 100000000")
                }
                actions.append(.longLine(code: longLine.code, octets: longLine.octets))
            }
            if close == true { actions.append(.close) }
            if hang == true { actions.append(.hang) }
            guard actions.count <= 1 else { throw invalid("only one of accept, reply, raw, garbage, longLine, close, hang") }
            guard let delay = delayMilliseconds ?? 0 as Int?, delay >= 0, actions.count == 1 || delay > 0 else {
                throw invalid("needs an action or delayMilliseconds above 0")
            }
            for (key, value) in [("first", first), ("after", after), ("every", every), ("afterOctets", afterOctets)] {
                if let value, value < (key == "every" ? 1 : 0) { throw invalid("\(key) is too small") }
            }
            if let probability, !(0...1).contains(probability) { throw invalid("probability must be from 0 to 1") }
            var rule = MailSinkRule(name: name, stage: stage, action: actions.first ?? .none)
            rule.recipient = recipient
            rule.sender = sender
            rule.hello = ehlo
            rule.remote = remote
            rule.encrypted = encrypted
            rule.per = per ?? .rule
            rule.first = first
            rule.after = after
            rule.every = every
            rule.probability = probability
            rule.delay = .milliseconds(delay)
            rule.afterOctets = afterOctets ?? 0
            rule.thenCloses = thenClose ?? false
            return rule
        }

        /// `450 4.2.0 text`, further lines after LF.
        private static func parse(_ text: String) -> SMTPReply? {
            let code = text.prefix(3)
            guard code.utf8.count == 3, let number = UInt16(code), (200...599).contains(number) else { return nil }
            let rest = text.dropFirst(3)
            guard rest.isEmpty || rest.first == " " else { return nil }
            return SMTPReply(code: number, text: String(rest.dropFirst()))
        }
    }

    var seed: UInt64?
    var rules: [Entry]

    private enum CodingKeys: String, CodingKey { case seed, rules }

    init(from decoder: any Decoder) throws {
        try Self.check(decoder, ["seed", "rules"])
        let container = try decoder.container(keyedBy: CodingKeys.self)
        seed = try container.decodeIfPresent(UInt64.self, forKey: .seed)
        rules = try container.decode([Entry].self, forKey: .rules)
    }

    /// A misspelt key would silently match everything.
    static func check(_ decoder: any Decoder, _ known: Set<String>) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let unknown = container.allKeys.first(where: { !known.contains($0.stringValue) }) {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "unknown key \"\(unknown.stringValue)\""))
        }
    }
}
