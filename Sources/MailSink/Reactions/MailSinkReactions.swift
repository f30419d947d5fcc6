import ApusCore

/// What a provider's recipients do. Who does what is a matter of the recipient's address and the seed alone: a run repeated has the same failures and
/// complaints, in whatever order messages come.
package struct MailSinkReactions: Sendable, Hashable, Decodable {
    package var list: [MailSinkReaction]

    package init(_ list: [MailSinkReaction] = []) {
        self.list = list
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Each kind has an object, or a list of them.
    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, Set(MailSinkReaction.Kind.allCases.map(\.rawValue)))
        let values = try decoder.container(keyedBy: Key.self)
        self.init()
        for kind in MailSinkReaction.Kind.allCases {
            let key = Key(stringValue: kind.rawValue)
            guard values.contains(key) else { continue }
            if var elements = try? values.nestedUnkeyedContainer(forKey: key) {
                while !elements.isAtEnd { list.append(try MailSinkReaction(kind, from: try elements.superDecoder())) }
            } else {
                list.append(try MailSinkReaction(kind, from: try values.superDecoder(forKey: key)))
            }
        }
    }

    /// What recipients will do with a message. Who is told by a DSN that he has it not does nothing else with it.
    ///
    /// - Parameters:
    ///   - hasReturnPath: without one there is no DSN, and a complaint only to an address of its own.
    ///   - plays: kinds that are played at all.
    package func choose(
        recipients: [String], hasReturnPath: Bool, seed: UInt64, plays: (MailSinkReaction.Kind) -> Bool = { _ in true }
    ) -> [(reaction: MailSinkReaction, recipient: String)] {
        var chosen: [(reaction: MailSinkReaction, recipient: String)] = []
        for recipient in recipients {
            for (index, reaction) in list.enumerated() where reaction.isMeant(for: recipient) && plays(reaction.kind) {
                guard hasReturnPath || (reaction.kind != .dsn && (reaction.kind != .complaint || reaction.to != nil)) else { continue }
                guard Self.draw(recipient, seed &+ UInt64(index)) < reaction.share else { continue }
                chosen.append((reaction, recipient))
                if reaction.kind == .dsn { break }
            }
        }
        return chosen
    }

    private static func draw(_ recipient: String, _ seed: UInt64) -> Double {
        var recipient = recipient
        let hash = recipient.withUTF8 { XXHash64.hash(UnsafeRawBufferPointer($0), seed: seed) }
        return Double(hash >> 11) / Double(1 << 53)
    }
}
