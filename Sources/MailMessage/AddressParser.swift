/// One pass over the octets of an address list. Comments are followed by a counter, not by recursion, so nesting costs no stack.
struct AddressParser {
    private struct Word {
        enum Content {
            case atom(Range<Int>)
            case quoted([UInt8])
            case dot
        }

        let content: Content
        /// Whether white space or a comment stood before it.
        let isSeparated: Bool
    }

    private static let maximumCommentDepth = 64

    private let bytes: [UInt8]
    private let allowingAddressLiteral: Bool
    private let maximumAddresses: Int
    private var index = 0
    private var addressCount = 0
    /// The content of the last comment skipped; the display name of `a@b (Name)`.
    private var lastComment: [UInt8]?

    init(bytes: [UInt8], allowingAddressLiteral: Bool, maximumAddresses: Int) {
        self.bytes = bytes
        self.allowingAddressLiteral = allowingAddressLiteral
        self.maximumAddresses = maximumAddresses
    }

    mutating func parseList() throws(AddressError) -> [AddressList.Element] {
        var elements: [AddressList.Element] = []
        while true {
            lastComment = nil
            try skipCommentsAndSpace()
            guard let byte = peek() else { return elements }
            if byte == ASCII.comma {
                index += 1
                continue
            }
            elements.append(try parseElement())
            try skipCommentsAndSpace()
            guard let separator = peek() else { return elements }
            guard separator == ASCII.comma else { throw AddressError(.illegalAddress) }
            index += 1
        }
    }

    private mutating func parseElement() throws(AddressError) -> AddressList.Element {
        let words = try parseWords()
        guard peek() == ASCII.colon else { return .mailbox(try parseMailbox(after: words)) }
        guard !words.isEmpty else { throw AddressError(.illegalAddress) }
        index += 1
        return .group(name: displayName(words) ?? "", members: try parseMembers())
    }

    private mutating func parseMembers() throws(AddressError) -> [Mailbox] {
        var members: [Mailbox] = []
        while true {
            lastComment = nil
            try skipCommentsAndSpace()
            switch peek() {
            case nil: throw AddressError(.illegalAddress)
            case ASCII.semicolon:
                index += 1
                return members
            case ASCII.comma: index += 1
            default:
                members.append(try parseMailbox(after: try parseWords()))
                try skipCommentsAndSpace()
                guard peek() == ASCII.comma || peek() == ASCII.semicolon else { throw AddressError(.illegalAddress) }
            }
        }
    }

    /// Atoms, quoted strings and dots up to the character that says what they were.
    private mutating func parseWords() throws(AddressError) -> [Word] {
        var words: [Word] = []
        while true {
            let end = index
            try skipCommentsAndSpace()
            let isSeparated = index > end
            guard let byte = peek() else { return words }
            if byte == ASCII.quote {
                words.append(Word(content: .quoted(try parseQuotedString()), isSeparated: isSeparated))
            } else if byte == ASCII.dot {
                index += 1
                words.append(Word(content: .dot, isSeparated: isSeparated))
            } else if ASCII.isAtomText(byte) || byte > 0x7F {
                words.append(Word(content: .atom(skipAtom()), isSeparated: isSeparated))
            } else {
                return words
            }
        }
    }

    private mutating func parseMailbox(after words: [Word]) throws(AddressError) -> Mailbox {
        addressCount += 1
        guard addressCount <= maximumAddresses else { throw AddressError(.tooManyAddresses) }
        switch peek() {
        case ASCII.less:
            index += 1
            let address = try parseAngleAddress()
            return Mailbox(displayName: displayName(words), address: address)
        case ASCII.at:
            let address = try parseAddress(local: words)
            lastComment = nil
            try skipCommentsAndSpace()
            let name = lastComment.map { EncodedWord.decode($0) }
            return Mailbox(displayName: name?.isEmpty == true ? nil : name, address: address)
        case nil, ASCII.comma, ASCII.semicolon:
            throw AddressError(words.isEmpty ? .illegalAddress : .missingDomainSeparator)
        case let byte?:
            throw AddressError(ASCII.isControl(byte) && !words.isEmpty ? .localPartContainsControlOrWhitespace : .illegalAddress)
        }
    }

    /// After `<`: an optional obsolete route, the address, `>`.
    private mutating func parseAngleAddress() throws(AddressError) -> EmailAddress {
        try skipCommentsAndSpace()
        var words = try parseWords()
        if words.isEmpty, peek() == ASCII.at {
            guard try skipRoute() else { throw AddressError(.missingLocalPart) }
            words = try parseWords()
        }
        guard peek() == ASCII.at else {
            if words.isEmpty { throw AddressError(.missingLocalPart) }
            throw AddressError(peek() == ASCII.greater || peek() == nil ? .missingDomainSeparator : .illegalAddress)
        }
        let address = try parseAddress(local: words)
        try skipCommentsAndSpace()
        guard peek() == ASCII.greater else { throw AddressError(.illegalAddress) }
        index += 1
        return address
    }

    /// `@a,@b:` of RFC 5322, section 4.4. Whether there was a colon at its end.
    private mutating func skipRoute() throws(AddressError) -> Bool {
        while true {
            try skipCommentsAndSpace()
            switch peek() {
            case ASCII.at:
                index += 1
                _ = try parseDomain()
            case ASCII.comma: index += 1
            case ASCII.colon:
                index += 1
                return true
            default: return false
            }
        }
    }

    private mutating func parseAddress(local words: [Word]) throws(AddressError) -> EmailAddress {
        let local = try localContent(words)
        index += 1
        let domain = try parseDomain()
        return try EmailAddress(localContent: local, domain: domain, allowingAddressLiteral: allowingAddressLiteral)
    }

    /// Words alternating with dots; the obsolete form allows quoted words among them.
    private func localContent(_ words: [Word]) throws(AddressError) -> [UInt8] {
        guard !words.isEmpty else { throw AddressError(.missingLocalPart) }
        var content: [UInt8] = []
        var expectsWord = true
        for word in words {
            switch word.content {
            case .dot:
                guard !expectsWord else { throw AddressError(.illegalAddress) }
                content.append(ASCII.dot)
                expectsWord = true
            case .atom(let range):
                guard expectsWord else { throw AddressError(.localPartContainsControlOrWhitespace) }
                content.append(contentsOf: bytes[range])
                expectsWord = false
            case .quoted(let text):
                guard expectsWord else { throw AddressError(.localPartContainsControlOrWhitespace) }
                content.append(contentsOf: text)
                expectsWord = false
            }
        }
        guard !expectsWord else { throw AddressError(.illegalAddress) }
        return content
    }

    private mutating func parseDomain() throws(AddressError) -> [UInt8] {
        try skipCommentsAndSpace()
        if peek() == ASCII.openBracket { return try parseDomainLiteral() }
        var domain: [UInt8] = []
        while true {
            guard let byte = peek(), ASCII.isAtomText(byte) || byte > 0x7F else {
                if domain.isEmpty {
                    guard let byte = peek(), byte != ASCII.greater, byte != ASCII.comma, byte != ASCII.semicolon else {
                        throw AddressError(.missingDomain)
                    }
                    throw AddressError(ASCII.isControl(byte) ? .domainContainsControlOrWhitespace : .illegalAddress)
                }
                throw AddressError(.illegalAddress)
            }
            domain.append(contentsOf: bytes[skipAtom()])
            let end = index
            try skipCommentsAndSpace()
            guard peek() == ASCII.dot else {
                if let byte = peek(), ASCII.isAtomText(byte) || byte > 0x7F { throw AddressError(.domainContainsControlOrWhitespace) }
                // What follows the domain belongs to the caller: `a@b (Name)`.
                index = end
                return domain
            }
            index += 1
            domain.append(ASCII.dot)
            try skipCommentsAndSpace()
        }
    }

    private mutating func parseDomainLiteral() throws(AddressError) -> [UInt8] {
        guard let end = bytes[index...].firstIndex(of: ASCII.closeBracket) else { throw AddressError(.illegalAddress) }
        let literal = bytes[index...end].filter { !ASCII.isFoldingWhiteSpace($0) }
        index = end + 1
        return literal
    }

    private mutating func parseQuotedString() throws(AddressError) -> [UInt8] {
        index += 1
        var content: [UInt8] = []
        while let byte = peek() {
            index += 1
            switch byte {
            case ASCII.quote: return content
            case ASCII.backslash:
                guard let escaped = peek() else { throw AddressError(.illegalAddress) }
                index += 1
                content.append(escaped)
            case ASCII.cr, ASCII.lf: continue
            default: content.append(byte)
            }
        }
        throw AddressError(.illegalAddress)
    }

    private mutating func skipAtom() -> Range<Int> {
        let start = index
        while let byte = peek(), ASCII.isAtomText(byte) || byte > 0x7F { index += 1 }
        return start..<index
    }

    private mutating func skipCommentsAndSpace() throws(AddressError) {
        while let byte = peek() {
            if ASCII.isFoldingWhiteSpace(byte) {
                index += 1
            } else if byte == ASCII.openParenthesis {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(AddressError) {
        var depth = 0
        var content: [UInt8] = []
        while let byte = peek() {
            index += 1
            switch byte {
            case ASCII.openParenthesis:
                depth += 1
                guard depth <= Self.maximumCommentDepth else { throw AddressError(.nestingTooDeep) }
                if depth > 1 { content.append(byte) }
            case ASCII.closeParenthesis:
                depth -= 1
                if depth == 0 {
                    lastComment = content
                    return
                }
                content.append(byte)
            case ASCII.backslash:
                guard let escaped = peek() else { throw AddressError(.illegalAddress) }
                index += 1
                content.append(escaped)
            case ASCII.cr, ASCII.lf: continue
            default: content.append(byte)
            }
        }
        throw AddressError(.illegalAddress)
    }

    /// The words of a phrase with one space where there was white space: `Joe Q. Public`, `J.R. Smith`.
    private func displayName(_ words: [Word]) -> String? {
        guard !words.isEmpty else { return nil }
        var text: [UInt8] = []
        for word in words {
            if word.isSeparated, !text.isEmpty { text.append(ASCII.space) }
            switch word.content {
            case .dot: text.append(ASCII.dot)
            case .atom(let range): text.append(contentsOf: bytes[range])
            case .quoted(let content): text.append(contentsOf: content)
            }
        }
        let name = EncodedWord.decode(text)
        return name.isEmpty ? nil : name
    }

    private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }
}
