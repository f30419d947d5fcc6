/// One command line, read.
enum SMTPServerCommand {
    case helo(String), ehlo(String)
    case startTLS
    case auth(mechanism: String, initial: [UInt8]?)
    case mail(SMTPAddress?, SMTPMailParameters)
    case recipient(SMTPAddress, SMTPRecipientParameters)
    case data
    case chunk(octets: Int, isLast: Bool)
    case reset, noop, quit, help
    case verify(String)
    /// A reply to give instead: the command is unknown or its arguments are wrong.
    case invalid(StaticString)

    static let syntaxError: StaticString = "501 5.5.4 Syntax error in parameters or arguments\r\n"

    /// Reads a line.
    ///
    /// - Parameters:
    ///   - line: without CRLF.
    ///   - allowsUTF8: whether addresses may be non-ASCII (SMTPUTF8 is offered).
    static func parse(_ line: UnsafeRawBufferPointer, allowsUTF8: Bool) -> SMTPServerCommand {
        var end = line.count
        while end > 0, line[end - 1] == ASCII.space || line[end - 1] == ASCII.tab { end -= 1 }
        guard end >= 4 else { return .invalid("500 5.5.2 Command not recognized\r\n") }
        for byte in line[0..<end] where byte < ASCII.space && byte != ASCII.tab || byte == ASCII.delete {
            return .invalid("501 5.5.2 Control character in command\r\n")
        }
        let verbEnd = line[0..<end].firstIndex { $0 == ASCII.space || $0 == ASCII.tab } ?? end
        let verb = line[0..<verbEnd]
        let arguments = line[min(verbEnd + 1, end)..<end]
        switch fold(line) {
        case word("EHLO") where verb.count == 4: return hello(arguments).map { .ehlo($0) } ?? .invalid(syntaxError)
        case word("HELO") where verb.count == 4: return hello(arguments).map { .helo($0) } ?? .invalid(syntaxError)
        case word("MAIL") where verb.count == 4: return mail(arguments, allowsUTF8: allowsUTF8)
        case word("RCPT") where verb.count == 4: return recipient(arguments, allowsUTF8: allowsUTF8)
        case word("DATA") where verb.count == 4: return arguments.isEmpty ? .data : .invalid(syntaxError)
        case word("BDAT") where verb.count == 4: return chunk(arguments)
        case word("RSET") where verb.count == 4: return arguments.isEmpty ? .reset : .invalid(syntaxError)
        case word("NOOP") where verb.count == 4: return .noop
        case word("QUIT") where verb.count == 4: return arguments.isEmpty ? .quit : .invalid(syntaxError)
        case word("HELP") where verb.count == 4: return .help
        case word("VRFY") where verb.count == 4:
            return arguments.isEmpty ? .invalid(syntaxError) : .verify(String(decoding: arguments, as: UTF8.self))
        case word("AUTH") where verb.count == 4: return auth(arguments)
        default:
            if ASCII.equalsIgnoringCase(verb, "STARTTLS") { return arguments.isEmpty ? .startTLS : .invalid(syntaxError) }
            if ASCII.equalsIgnoringCase(verb, "EXPN") { return .invalid("502 5.5.1 Command not implemented\r\n") }
            return .invalid("500 5.5.2 Command not recognized\r\n")
        }
    }

    /// Four letters as a number, in upper case.
    private static func fold(_ line: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(ASCII.upper(line[0])) << 24 | UInt32(ASCII.upper(line[1])) << 16 | UInt32(ASCII.upper(line[2])) << 8 | UInt32(ASCII.upper(line[3]))
    }

    @inline(__always)
    private static func word(_ text: StaticString) -> UInt32 {
        let letters = text.utf8Start
        return UInt32(letters[0]) << 24 | UInt32(letters[1]) << 16 | UInt32(letters[2]) << 8 | UInt32(letters[3])
    }

    private static func hello(_ arguments: Slice<UnsafeRawBufferPointer>) -> String? {
        // Clients in the field say all kinds of things here; one word of printable octets is enough.
        guard !arguments.isEmpty, arguments.count <= 255, !arguments.contains(ASCII.space) else { return nil }
        return String(decoding: arguments, as: UTF8.self)
    }

    private static func chunk(_ arguments: Slice<UnsafeRawBufferPointer>) -> SMTPServerCommand {
        let words = arguments.split(separator: ASCII.space)
        guard let first = words.first, words.count <= 2, let octets = ASCII.decimal(first) else { return .invalid(syntaxError) }
        guard words.count == 2 else { return .chunk(octets: octets, isLast: false) }
        return ASCII.equalsIgnoringCase(words[1], "LAST") ? .chunk(octets: octets, isLast: true) : .invalid(syntaxError)
    }

    private static func auth(_ arguments: Slice<UnsafeRawBufferPointer>) -> SMTPServerCommand {
        let words = arguments.split(separator: ASCII.space)
        guard let first = words.first, words.count <= 2 else { return .invalid(syntaxError) }
        let mechanism = String(decoding: first.map(ASCII.upper), as: UTF8.self)
        guard words.count == 2 else { return .auth(mechanism: mechanism, initial: nil) }
        if words[1].elementsEqual([ASCII.equals]) { return .auth(mechanism: mechanism, initial: []) }
        guard let initial = Base64.decode(words[1]) else { return .invalid("501 5.5.2 Cannot decode base64\r\n") }
        return .auth(mechanism: mechanism, initial: initial)
    }
}
