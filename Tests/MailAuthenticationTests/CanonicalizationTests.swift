import MailAuthentication
import Testing

@Suite("Canonicalization")
struct CanonicalizationTests {
    static let headers: [(String, String)] = [
        ("A: X\r\n", "a:X\r\n"),
        ("B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"),
        ("SubJect \t: a\r\n\t b \r\n", "subject:a b\r\n"),
        ("X:\r\n", "x:\r\n"),
        ("X: \t \r\n \r\n", "x:\r\n"),
        ("X: a:b : c\r\n", "x:a:b : c\r\n"),
        ("X: a", "x:a\r\n"),
        ("X: a\rb\nc\r\n", "x:a\rb\nc\r\n"),
        ("nocolon\r\n", "nocolon\r\n"),
        ("", "\r\n"),
        ("X:\r\n a\r\n", "x:a\r\n"),
    ]

    @Test("relaxed header, RFC 6376 §3.4.5 and its corners", arguments: headers)
    func relaxedHeader(input: String, expected: String) {
        var output = [UInt8]()
        DKIMCanonicalization.relaxed.appendHeader(Array(input.utf8).span, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }

    @Test("simple header stays as it is", arguments: headers)
    func simpleHeader(input: String, expected: String) {
        var output = [UInt8]()
        DKIMCanonicalization.simple.appendHeader(Array(input.utf8).span, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == (input.utf8.suffix(2).elementsEqual("\r\n".utf8) ? input : input + "\r\n"))
    }

    /// Body, relaxed form, simple form.
    static let bodies: [(String, String, String)] = [
        ("", "", "\r\n"),
        ("\r\n", "", "\r\n"),
        ("\r\n\r\n\r\n", "", "\r\n"),
        (" \t\r\n \r\n", "", " \t\r\n \r\n"),
        (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n"),
        ("a", "a\r\n", "a\r\n"),
        ("a\r\n", "a\r\n", "a\r\n"),
        ("a\r\n\r\n\r\nb\r\n\r\n", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
        ("a \r\n \r\n\t\r\nb", "a\r\n\r\n\r\nb\r\n", "a \r\n \r\n\t\r\nb\r\n"),
        ("a\t\tb  c\r\n", "a b c\r\n", "a\t\tb  c\r\n"),
        ("a\rb\r\n", "a\rb\r\n", "a\rb\r\n"),
        ("a\nb\n", "a\nb\n\r\n", "a\nb\n\r\n"),
        ("\r", "\r\r\n", "\r\r\n"),
        ("\r\r\n", "\r\r\n", "\r\r\n"),
        ("\r\n\r", "\r\n\r\r\n", "\r\n\r\r\n"),
        ("a \r", "a \r\r\n", "a \r\r\n"),
        ("a \r\r\n", "a \r\r\n", "a \r\r\n"),
        ("  a", " a\r\n", "  a\r\n"),
        ("\u{0}\u{7F}\r\n\u{0}", "\u{0}\u{7F}\r\n\u{0}\r\n", "\u{0}\u{7F}\r\n\u{0}\r\n"),
    ]

    @Test("body forms, whole and under every split in two and byte by byte", arguments: bodies)
    func body(input: String, relaxed: String, simple: String) throws {
        for (form, expected) in [(DKIMCanonicalization.relaxed, relaxed), (.simple, simple)] {
            let bytes = Array(input.utf8)
            let wanted = try digestOfVerbatim(expected)
            for split in 0...bytes.count {
                #expect(try digest(form, [bytes[..<split], bytes[split...]]) == wanted, "\(form) at \(split)")
            }
            #expect(try digest(form, bytes.indices.map { bytes[$0...$0] }) == wanted, "\(form) byte by byte")
        }
    }

    @Test("random bodies of white space, line ends and text agree with a line-by-line reference")
    func randomBodies() throws {
        var generator = SeededGenerator(state: 6376)
        let pieces = ["a", "bc", " ", "  ", "\t", "\r\n", "\r\n", "\r", "\n", "é"]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            let bytes = Array(text.utf8)
            let split = Int.random(in: 0...bytes.count, using: &generator)
            for form in DKIMCanonicalization.allCases {
                let expected = try digestOfVerbatim(bytes: referenceBody(bytes, form))
                #expect(
                    try digest(form, [bytes[..<split], bytes[split...]]) == expected, "\(form) \(text.debugDescription)")
            }
        }
    }

    @Test("a million empty lines and one very long line are hashed in one pass")
    func longBodies() throws {
        let lines: [UInt8] = (0..<(1 << 21)).map { $0 % 2 == 0 ? 0x0D : 0x0A }
        #expect(try digest(.relaxed, [lines[...]]) == digestOfVerbatim(""))
        #expect(try digest(.simple, [lines[...]]) == digestOfVerbatim("\r\n"))
        var withEnd = lines
        withEnd.append(0x61)
        #expect(try digest(.relaxed, [withEnd[...]]) == digestOfVerbatim(bytes: lines + Array("a\r\n".utf8)))
        let spaces = [UInt8](repeating: 0x20, count: 1 << 20)
        #expect(try digest(.relaxed, [spaces[...], [0x61]]) == digestOfVerbatim(" a\r\n"))
    }

    private func digest(_ form: DKIMCanonicalization, _ chunks: [ArraySlice<UInt8>]) throws -> [UInt8] {
        var hash = try DKIMBodyHash(form)
        for chunk in chunks { hash.update(Array(chunk).span) }
        return try hash.finalize()
    }

    /// The hash of exactly these bytes: a body in simple form is hashed as it stands when it ends with one CRLF, and
    /// nothing at all is the relaxed form of nothing.
    private func digestOfVerbatim(_ text: String) throws -> [UInt8] { try digestOfVerbatim(bytes: Array(text.utf8)) }

    private func digestOfVerbatim(bytes: [UInt8]) throws -> [UInt8] {
        if bytes.isEmpty {
            return decode("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        }
        var hash = try DKIMBodyHash(.simple, limit: bytes.count)
        hash.update(bytes.span)
        return try hash.finalize()
    }

    /// The rules of RFC 6376 §3.4.3 and §3.4.4 said plainly: lines, then white space, then the end.
    private func referenceBody(_ bytes: [UInt8], _ form: DKIMCanonicalization) -> [UInt8] {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A {
                lines.append([])
                index += 2
            } else {
                lines[lines.count - 1].append(bytes[index])
                index += 1
            }
        }
        if form == .relaxed {
            lines = lines.map { line in
                var output = [UInt8]()
                for byte in line {
                    let isSpace = byte == 0x20 || byte == 0x09
                    if isSpace, output.last == 0x20 { continue }
                    output.append(isSpace ? 0x20 : byte)
                }
                if output.last == 0x20 { output.removeLast() }
                return output
            }
        }
        while let last = lines.last, last.isEmpty { lines.removeLast() }
        if lines.isEmpty { return form == .simple ? [0x0D, 0x0A] : [] }
        return lines.flatMap { $0 + [0x0D, 0x0A] }
    }
}
