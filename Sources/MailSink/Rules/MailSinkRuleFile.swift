import SMTPProtocol

/// The rules file as it is written.
struct MailSinkRuleFile: Decodable {
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
        var within: Distribution<Milliseconds>?
        var probability: Double?
        var afterOctets: Int?
        var delayMilliseconds: Int?
        var delay: Distribution<Milliseconds>?
        var accept: Bool?
        var reply: String?
        var raw: String?
        var garbage: Int?
        var longLine: LongLine?
        var close: Bool?
        var hang: Bool?
        var thenClose: Bool?

        private static let keys: Set<String> = [
            "name", "stage", "recipient", "sender", "ehlo", "remote", "encrypted", "per", "first", "after", "every", "within", "probability",
            "afterOctets", "delayMilliseconds", "delay", "accept", "reply", "raw", "garbage", "longLine", "close", "hang", "thenClose",
        ]

        private enum CodingKeys: String, CodingKey {
            case name, stage, recipient, sender, ehlo, remote, encrypted, per, first, after, every, within, probability, afterOctets
            case delayMilliseconds, delay, accept, reply, raw, garbage, longLine, close, hang, thenClose
        }

        init(from decoder: any Decoder) throws {
            try StrictKeys.check(decoder, Self.keys)
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
            within = try container.decodeIfPresent(Distribution<Milliseconds>.self, forKey: .within)
            probability = try container.decodeIfPresent(Double.self, forKey: .probability)
            afterOctets = try container.decodeIfPresent(Int.self, forKey: .afterOctets)
            delayMilliseconds = try container.decodeIfPresent(Int.self, forKey: .delayMilliseconds)
            delay = try container.decodeIfPresent(Distribution<Milliseconds>.self, forKey: .delay)
            accept = try container.decodeIfPresent(Bool.self, forKey: .accept)
            reply = try container.decodeIfPresent(String.self, forKey: .reply)
            raw = try container.decodeIfPresent(String.self, forKey: .raw)
            garbage = try container.decodeIfPresent(Int.self, forKey: .garbage)
            longLine = try container.decodeIfPresent(LongLine.self, forKey: .longLine)
            close = try container.decodeIfPresent(Bool.self, forKey: .close)
            hang = try container.decodeIfPresent(Bool.self, forKey: .hang)
            thenClose = try container.decodeIfPresent(Bool.self, forKey: .thenClose)
        }

        /// - Parameter file: what the rule stands in, for messages.
        func rule(index: Int, file: String = "rules file") throws(MailSinkError) -> MailSinkRule {
            let name = name ?? "rules[\(index)]"
            func invalid(_ text: String) -> MailSinkError { MailSinkError(.invalidRules, "\(file), rule \"\(name)\": \(text)") }
            var actions: [MailSinkRule.Action] = []
            if accept == true { actions.append(.accept) }
            if let reply {
                guard let template = ReplyTemplate(reply) else { throw invalid("reply must start with a code from 200 to 599 and a space") }
                actions.append(.reply(template.reply))
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
            guard delayMilliseconds == nil || delay == nil else { throw invalid("only one of delay, delayMilliseconds") }
            let milliseconds = delayMilliseconds ?? 0
            guard (0...86_400_000).contains(milliseconds), actions.count == 1 || milliseconds > 0 || delay.map({ $0.largest > 0 }) == true else {
                throw invalid("needs an action, or a delay above 0 and of a day at most")
            }
            if let within, within.fixed.map({ $0 > 0 && $0 <= Distribution<Milliseconds>.longest }) != true {
                throw invalid("within must be one time above 0, of a day at most")
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
            rule.within = within?.fixedDuration
            rule.probability = probability
            // A time that is always the same needs no drawing.
            rule.delay = .milliseconds(milliseconds) + (delay?.fixedDuration ?? .zero)
            rule.delays = delay?.fixed == nil ? delay : nil
            rule.afterOctets = afterOctets ?? 0
            rule.thenCloses = thenClose ?? false
            return rule
        }
    }

    var seed: UInt64?
    var rules: [Entry]

    private enum CodingKeys: String, CodingKey { case seed, rules }

    init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, ["seed", "rules"])
        let container = try decoder.container(keyedBy: CodingKeys.self)
        seed = try container.decodeIfPresent(UInt64.self, forKey: .seed)
        rules = try container.decode([Entry].self, forKey: .rules)
    }
}
