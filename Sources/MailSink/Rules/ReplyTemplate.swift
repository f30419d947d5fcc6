package import SMTPProtocol

/// A reply whose text may hold fields: `{remote}` is the client's IP address, `{recipient}` the recipient in question, `{id}` 16 digits that differ each time,
/// as queue ids in real replies do.
package struct ReplyTemplate: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case text(String)
        case remote, recipient, id
    }

    /// As written.
    package let reply: SMTPReply
    private let pieces: [Piece]

    package init(_ reply: SMTPReply) {
        self.reply = reply
        pieces = Self.pieces(of: reply.text)
    }

    /// `450 4.2.0 text`, further lines after LF. nil for a text that does not start with a code from 200 to 599.
    package init?(_ text: String) {
        let code = text.prefix(3)
        guard code.utf8.count == 3, let number = UInt16(code), (200...599).contains(number) else { return nil }
        let rest = text.dropFirst(3)
        guard rest.isEmpty || rest.first == " " else { return nil }
        self.init(SMTPReply(code: number, text: String(rest.dropFirst())))
    }

    package var hasFields: Bool { !pieces.isEmpty }

    /// The reply with its fields filled in.
    package func filled(remote: String, recipient: String?, id: UInt64) -> SMTPReply {
        guard hasFields else { return reply }
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .remote: text += remote
            case .recipient: text += recipient ?? ""
            case .id:
                let digits = String(id, radix: 16)
                text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
            }
        }
        return SMTPReply(code: reply.code, text: text)
    }

    /// Empty when there is no field.
    private static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(text)
        var found = false
        while let open = rest.utf8.firstIndex(of: 0x7B) {
            let after = rest[open...]
            let field: (piece: Piece, name: String)? = [(.remote, "{remote}"), (.recipient, "{recipient}"), (.id, "{id}")].first {
                after.hasPrefix($0.1)
            }
            pieces.append(.text(String(rest[..<open])))
            if let field {
                found = true
                pieces.append(field.piece)
                rest = after.dropFirst(field.name.count)
            } else {
                pieces.append(.text("{"))
                rest = after.dropFirst()
            }
        }
        pieces.append(.text(String(rest)))
        return found ? pieces : []
    }
}
