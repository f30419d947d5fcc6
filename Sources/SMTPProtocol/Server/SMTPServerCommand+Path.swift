/// `MAIL FROM:<…>` and `RCPT TO:<…>` with their parameters.
extension SMTPServerCommand {
    private typealias Bytes = Slice<UnsafeRawBufferPointer>

    static func mail(_ arguments: Slice<UnsafeRawBufferPointer>, allowsUTF8: Bool) -> SMTPServerCommand {
        guard let (path, rest) = path(arguments, keyword: "FROM:") else { return .invalid(syntaxError) }
        var parameters = SMTPMailParameters()
        for word in rest.split(separator: ASCII.space) {
            let (key, value) = parameter(word)
            if ASCII.equalsIgnoringCase(key, "SIZE"), let value {
                guard let size = ASCII.decimal(value) else { return .invalid(syntaxError) }
                parameters.size = size
            } else if ASCII.equalsIgnoringCase(key, "BODY"), let value {
                if ASCII.equalsIgnoringCase(value, "8BITMIME") {
                    parameters.is8Bit = true
                } else if !ASCII.equalsIgnoringCase(value, "7BIT") {
                    return .invalid(syntaxError)
                }
            } else if ASCII.equalsIgnoringCase(key, "SMTPUTF8"), value == nil, allowsUTF8 {
                parameters.isSMTPUTF8 = true
            } else if ASCII.equalsIgnoringCase(key, "RET"), let value {
                parameters.returns = String(decoding: value.map(ASCII.upper), as: UTF8.self)
            } else if ASCII.equalsIgnoringCase(key, "ENVID"), let value {
                parameters.envelopeID = String(decoding: value, as: UTF8.self)
            } else if ASCII.equalsIgnoringCase(key, "AUTH"), value != nil {
                // RFC 4954 section 5: may be ignored.
            } else {
                return .invalid("555 5.5.4 Unsupported option\r\n")
            }
        }
        if path.isEmpty { return .mail(nil, parameters) }
        guard let address = SMTPAddress(bytes: path), address.isASCII || parameters.isSMTPUTF8 else {
            return .invalid("553 5.1.7 Bad sender address syntax\r\n")
        }
        return .mail(address, parameters)
    }

    static func recipient(_ arguments: Slice<UnsafeRawBufferPointer>, allowsUTF8: Bool) -> SMTPServerCommand {
        guard let (path, rest) = path(arguments, keyword: "TO:") else { return .invalid(syntaxError) }
        var parameters = SMTPRecipientParameters()
        for word in rest.split(separator: ASCII.space) {
            let (key, value) = parameter(word)
            if ASCII.equalsIgnoringCase(key, "NOTIFY"), let value {
                parameters.notify = String(decoding: value.map(ASCII.upper), as: UTF8.self)
            } else if ASCII.equalsIgnoringCase(key, "ORCPT"), let value {
                parameters.originalRecipient = String(decoding: value, as: UTF8.self)
            } else {
                return .invalid("555 5.5.4 Unsupported option\r\n")
            }
        }
        guard let address = SMTPAddress(bytes: path), address.isASCII || allowsUTF8 else {
            return .invalid("553 5.1.3 Bad recipient address syntax\r\n")
        }
        return .recipient(address, parameters)
    }

    /// The path between the angle brackets, without a source route, and what follows it.
    ///
    /// A space after the colon is against the grammar and common; it is taken.
    private static func path(_ arguments: Bytes, keyword: StaticString) -> (path: Bytes, rest: Bytes)? {
        let length = keyword.utf8CodeUnitCount
        guard ASCII.equalsIgnoringCase(arguments.prefix(length), keyword) else { return nil }
        let text = arguments.dropFirst(length).drop { $0 == ASCII.space }
        guard text.first == ASCII.less else { return nil }
        var quoted = false
        var escaped = false
        for index in text.indices.dropFirst() {
            let byte = text[index]
            if escaped {
                escaped = false
            } else if quoted, byte == ASCII.backslash {
                escaped = true
            } else if byte == ASCII.doubleQuote {
                quoted.toggle()
            } else if byte == ASCII.greater, !quoted {
                let rest = text[(index + 1)...]
                guard rest.isEmpty || rest.first == ASCII.space else { return nil }
                var path = text[(text.startIndex + 1)..<index]
                // RFC 5321 section 4.1.1.3 and appendix C: source routes are ignored.
                if path.first == ASCII.at, let colon = path.firstIndex(of: ASCII.colon) { path = path[(colon + 1)...] }
                return (path, rest)
            }
        }
        return nil
    }

    private static func parameter(_ word: Bytes) -> (key: Bytes, value: Bytes?) {
        guard let equals = word.firstIndex(of: ASCII.equals) else { return (word, nil) }
        return (word[..<equals], word[(equals + 1)...])
    }
}
