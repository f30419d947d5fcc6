/// A mailbox as it stands in `MAIL FROM:<…>` or `RCPT TO:<…>`, checked so that writing it can never end the path, the line or the command (RFC 5321 section 4.1.2).
///
/// Non-ASCII is allowed and then needs SMTPUTF8 (RFC 6531).
package struct SMTPAddress: Sendable, Hashable {
    /// The address without angle brackets.
    package let string: String
    /// Offset in UTF-8 of the `@`; nil for the bare `postmaster`.
    private let separator: Int?
    /// Whether every octet is ASCII.
    package let isASCII: Bool

    /// Local part (64), `@` and domain (255).
    private static let maximumOctets = 320

    /// - Parameter string: `local@domain` with dot-string or quoted local part and a domain name or address literal; or `postmaster` alone.
    /// - Returns: nil when the text could not be written between angle brackets safely or has no domain.
    package init?(_ string: String) {
        self.init(string, utf8: string.utf8)
    }

    /// The same from octets; those that are not UTF-8 are refused.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.maximumOctets, let string = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(string, utf8: string.utf8)
    }

    private init?(_ string: String, utf8: String.UTF8View) {
        guard !utf8.isEmpty, utf8.count <= Self.maximumOctets else { return nil }
        var quoted = false
        var escaped = false
        var at: Int?
        var ascii = true
        var offset = 0
        for byte in utf8 {
            if byte < ASCII.space || byte == ASCII.delete { return nil }
            if byte >= 0x80 { ascii = false }
            if escaped {
                escaped = false
            } else if quoted {
                if byte == ASCII.backslash { escaped = true }
                if byte == ASCII.doubleQuote { quoted = false }
            } else {
                switch byte {
                case ASCII.doubleQuote:
                    // A quoted string is a whole local part.
                    guard offset == 0 else { return nil }
                    quoted = true
                case ASCII.space, ASCII.less, ASCII.greater, ASCII.backslash, ASCII.comma: return nil
                case ASCII.at:
                    guard at == nil, offset > 0 else { return nil }
                    at = offset
                default: break
                }
            }
            offset += 1
        }
        guard !quoted, !escaped else { return nil }
        if let at {
            let domain = utf8.dropFirst(at + 1)
            guard at <= 64, (1...255).contains(domain.count), Self.isDomain(domain) else { return nil }
            if utf8.first == ASCII.doubleQuote, Array(utf8)[at - 1] != ASCII.doubleQuote { return nil }
        } else if !ASCII.equalsIgnoringCase(utf8, "postmaster") {
            return nil
        }
        self.string = string
        self.separator = at
        self.isASCII = ascii
    }

    /// What stands before the `@`, quotes included.
    package var localPart: Substring {
        guard let separator else { return Substring(string) }
        return Substring(string.utf8.prefix(separator))
    }

    /// What stands after the `@`, as written; empty for `postmaster`.
    package var domain: Substring {
        guard let separator else { return "" }
        return Substring(string.utf8.dropFirst(separator + 1))
    }

    /// Whether text can stand as a domain in a command: letters, digits, hyphens, dots, underscores, non-ASCII, or an address literal in brackets.
    package static func isDomain(_ text: some Collection<UInt8>) -> Bool {
        guard let first = text.first else { return false }
        if first == ASCII.openBracket {
            guard text.count >= 4, Array(text.suffix(1)) == [ASCII.closeBracket] else { return false }
            return text.dropFirst().dropLast().allSatisfy { isLetterOrDigit($0) || $0 == ASCII.dot || $0 == ASCII.colon || $0 == ASCII.hyphen }
        }
        var previous = ASCII.dot
        for byte in text {
            if byte == ASCII.dot {
                if previous == ASCII.dot { return false }
            } else if !(isLetterOrDigit(byte) || byte == ASCII.hyphen || byte == 0x5F || byte >= 0x80) {
                return false
            }
            previous = byte
        }
        return true
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || ASCII.upper(byte) &- 0x41 <= 25
    }
}

/// Shows the domain only: a mailbox never goes to a log by accident.
extension SMTPAddress: CustomStringConvertible {
    package var description: String { "…@\(domain)" }
}
