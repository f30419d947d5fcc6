/// A DNS record that an operator is asked to publish.
package struct ZoneRecord: Hashable, Sendable {
    package enum RecordType: String, Hashable, Sendable {
        case cname = "CNAME"
        case txt = "TXT"
    }

    /// Who publishes it.
    package enum Purpose: String, Hashable, Sendable {
        /// The identity's owner, in the identity's zone, where this installation has a zone for its keys.
        case alias
        /// This installation's operator, in its zone for keys: what the alias points to.
        case target
        /// The identity's owner, in the identity's zone, instead of the alias.
        case direct
    }

    package let purpose: Purpose
    /// The full name, without a final dot.
    package let name: String
    package let type: RecordType
    /// The target's full name without a final dot, or the text as one piece.
    package let value: String

    package init(purpose: Purpose, name: String, type: RecordType, value: String) {
        self.purpose = purpose
        self.name = name
        self.type = type
        self.value = value
    }

    /// The record as a line of a zone file (RFC 1035, section 5.1). Text is cut into strings of at most 255 bytes, which readers join.
    package var zoneFileLine: String {
        switch self.type {
        case .cname: "\(self.name). IN CNAME \(self.value)."
        case .txt: "\(self.name). IN TXT \(Self.characterStrings(Array(self.value.utf8)))"
        }
    }

    private static func characterStrings(_ text: [UInt8]) -> String {
        var line: [UInt8] = []
        var rest = text[...]
        repeat {
            if !line.isEmpty { line.append(UInt8(ascii: " ")) }
            line.append(UInt8(ascii: "\""))
            for byte in rest.prefix(255) {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
                case 0x20...0x7e: line.append(byte)
                default:
                    let digits = [byte / 100, byte / 10 % 10, byte % 10].map { $0 + UInt8(ascii: "0") }
                    line += [UInt8(ascii: "\\")] + digits
                }
            }
            line.append(UInt8(ascii: "\""))
            rest = rest.dropFirst(255)
        } while !rest.isEmpty
        return String(decoding: line, as: UTF8.self)
    }
}
