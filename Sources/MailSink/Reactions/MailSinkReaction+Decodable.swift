import SMTPProtocol

extension MailSinkReaction {
    private enum CodingKeys: String, CodingKey { case share, delay, recipient, to, reply, text }

    /// Reads the object under a kind's name.
    init(_ kind: Kind, from decoder: any Decoder) throws {
        var known: Set<String> = ["share", "delay", "recipient"]
        switch kind {
        case .dsn: known.formUnion(["reply", "text"])
        case .complaint: known.insert("to")
        case .open, .click: break
        }
        try StrictKeys.check(decoder, known)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func invalid(_ key: CodingKeys, _ text: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: values.codingPath + [key], debugDescription: text))
        }
        let share = try values.decode(Double.self, forKey: .share)
        guard (0...1).contains(share) else { throw invalid(.share, "must be from 0 to 1") }
        self.init(
            kind, share: share, delay: try values.decodeIfPresent(Distribution<Milliseconds>.self, forKey: .delay) ?? .constant(0),
            recipient: try values.decodeIfPresent(String.self, forKey: .recipient))
        to = try values.decodeIfPresent(String.self, forKey: .to)
        if let to, SMTPAddress(to) == nil { throw invalid(.to, "is no address") }
        if let reply = try values.decodeIfPresent(String.self, forKey: .reply) {
            guard let template = ReplyTemplate(reply), template.reply.code >= 500 else {
                throw invalid(.reply, "must start with a code from 500 to 599 and a space")
            }
            self.reply = template
        }
        text = try values.decodeIfPresent(String.self, forKey: .text)
        if let text, text.utf8.count > 10_000 { throw invalid(.text, "must not be longer than 10000 octets") }
    }
}
