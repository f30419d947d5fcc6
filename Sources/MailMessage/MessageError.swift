/// Why raw bytes were refused as a message. Never holds content.
package struct MessageError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A NUL octet; RFC 5322 has none, and servers disagree about what follows one.
        case nulByte
        /// A CR without LF or the reverse, where the caller asked for rejection.
        case bareLineEnding
        /// A line of more octets than the limit.
        case lineTooLong
        /// The header section is larger than the limit.
        case headerTooLarge
        /// More header fields than the limit.
        case tooManyFields
        /// More MIME parts than the limit.
        case tooManyParts
        /// Multiparts nested deeper than the limit.
        case nestingTooDeep
    }

    package let code: Code
    /// Offset in the input of the octet or line at fault.
    package let offset: Int

    package init(_ code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }

    package var description: String {
        switch code {
        case .nulByte: "The message contains a NUL octet at offset \(offset)"
        case .bareLineEnding: "The message contains a CR or LF alone at offset \(offset)"
        case .lineTooLong: "The message contains a line that is too long at offset \(offset)"
        case .headerTooLarge: "The message header is too large"
        case .tooManyFields: "The message has too many header fields"
        case .tooManyParts: "The message has too many MIME parts"
        case .nestingTooDeep: "The MIME parts of the message are nested too deep"
        }
    }
}
