import MailMessage
import Testing

@Suite struct EncodingTests {
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Base64

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]) func base64(_ plain: String, _ encoded: String) throws {
        #expect(Self.text(Base64.encode(Array(plain.utf8))) == encoded)
        #expect(try Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test(arguments: [
        ("Zg", Base64.DecodingError.invalidPadding), ("Zg=", .invalidPadding), ("Z===", .invalidCharacter), ("====", .invalidCharacter),
        ("Zh==", .invalidPadding), ("Zm9=", .invalidPadding), ("Zm 9v===", .invalidCharacter), ("Zm\n9", .invalidCharacter),
        ("Zg==Zg==", .invalidCharacter), ("Zm9v!m9v", .invalidCharacter),
    ]) func base64Strict(_ text: String, _ error: Base64.DecodingError) {
        #expect(throws: error) { try Base64.decode(Array(text.utf8)) }
    }

    @Test func base64Bound() {
        #expect(throws: Base64.DecodingError.tooLong) { try Base64.decode(Array("Zm9vYmFy".utf8), maximumDecodedBytes: 5) }
        #expect((try? Base64.decode(Array("Zm9vYmE=".utf8), maximumDecodedBytes: 5)) != nil)
    }

    @Test func base64Lines() {
        for count in [0, 1, 56, 57, 58, 114, 1000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let lines = Base64.encodeLines(bytes)
            #expect(Base64.decodeLenient(lines[...]) == bytes)
            #expect(lines.isEmpty || lines.suffix(2) == [13, 10])
            for line in lines.split(separator: 10) { #expect(line.count <= 77) }
        }
    }

    @Test func aLargeBodyIsDecoded() throws {
        let bytes = [UInt8](repeating: 0xA5, count: 5_000_000)
        #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
    }

    // MARK: Quoted-printable

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a=b", "a=3Db"), ("é", "=C3=A9"), ("end \r\nx\t", "end=20\r\nx=09"), ("a\nb\rc", "a=0Ab=0Dc"),
        (".", "=2E"), ("From x", "=46rom x"), ("a\r\n.\r\n", "a\r\n=2E\r\n"),
    ]) func quotedPrintable(_ plain: String, _ encoded: String) {
        #expect(Self.text(QuotedPrintable.encode(Array(plain.utf8))) == encoded)
        #expect(Self.text(QuotedPrintable.decode(Array(encoded.utf8)[...])) == plain)
    }

    @Test(arguments: [
        ("a=\r\nb", "ab"), ("a= \t\r\nb", "ab"), ("a=\nb", "ab"), ("a  \r\nb", "a\r\nb"), ("=3d=3D", "=="), ("=ZZ", "=ZZ"), ("=3", "=3"), ("a=", "a"),
        ("=\r", ""), ("==41", "=A"),
    ]) func quotedPrintableLenient(_ encoded: String, _ plain: String) {
        #expect(Self.text(QuotedPrintable.decode(Array(encoded.utf8)[...])) == plain)
    }

    @Test func everySplitDecodesAlike() {
        let samples: [(TransferEncoding, String)] = [
            (.quotedPrintable, "a=3D b  \r\n=C3=A9=\r\nx= \t\r\ny=ZZ =\n. \tz="), (.base64, "Zm9v\r\nYmFy IQ==\r\nZm8="), (.sevenBit, "a\r\nb"),
        ]
        for (encoding, sample) in samples {
            let bytes = Array(sample.utf8)
            func decoded(_ cuts: [Int]) -> [UInt8] {
                var decoder = TransferDecoder(encoding)
                var output: [UInt8] = []
                var start = 0
                for cut in cuts + [bytes.count] {
                    decoder.decode(bytes[start..<cut], into: &output)
                    start = cut
                }
                decoder.finish(into: &output)
                return output
            }
            let whole = decoded([])
            for first in 0...bytes.count {
                for second in first...bytes.count { #expect(decoded([first, second]) == whole) }
            }
        }
    }

    @Test func randomOctetsSurvive() {
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            let bytes = random.bytes(upTo: 300)
            #expect(QuotedPrintable.decode(QuotedPrintable.encode(bytes)[...]) == bytes)
            #expect(QuotedPrintable.encode(bytes).split(separator: 10).allSatisfy { $0.count <= 77 })
            #expect((try? Base64.decode(Base64.encode(bytes))) == bytes)
        }
    }

    // MARK: Encoded words

    /// RFC 2047, section 8, and common deviations.
    @Test(arguments: [
        ("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"), ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"),
        ("=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"),
        (
            "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-1?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example."
        ),
        ("=?ISO-8859-1?Q?a?=", "a"), ("=?ISO-8859-1?Q?a?= b", "a b"), ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=  \r\n  =?ISO-8859-1?Q?b?=", "ab"), ("=?ISO-8859-1?Q?a_b?=", "a b"), ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?_b?=", "a b"),
        ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"), ("=?utf-8?q?=F0=9F=98?= =?utf-8?q?=80?=", "😀"), ("=?windows-1252?Q?=80?=", "€"),
        ("=?x-unknown?Q?a?=", "=?x-unknown?Q?a?="), ("=?utf-8?x?a?=", "=?utf-8?x?a?="), ("=?utf-8?Q?a b?=", "=?utf-8?Q?a b?="), ("=?", "=?"),
        ("a =?utf-8?Q?b?= c =?utf-8?Q?d?=", "a b c d"), ("x", "x"), ("", ""), ("=?utf-8?Q?=FF?=", "\u{FFFD}"),
    ]) func encodedWords(_ encoded: String, _ text: String) {
        #expect(EncodedWord.decode(Array(encoded.utf8)) == text)
    }

    @Test(arguments: ["ü", "日本語の件名", "😀 👨‍👩‍👧‍👦 family", "mostly ascii but é here, and so on until the word has to be split somewhere", " a ", "?=_ "])
    func encodedWordsSurvive(_ text: String) {
        for limit in 24...75 {
            let encoded = EncodedWord.encode(text, maximumLength: limit)
            #expect(EncodedWord.decode(encoded) == text)
            for word in encoded.split(separator: 32) {
                #expect(word.count <= limit)
                // Split between characters: each word is valid on its own.
                #expect(!EncodedWord.decode(Array(word)).unicodeScalars.contains("\u{FFFD}"))
            }
        }
    }

    // MARK: Parameters (RFC 2231)

    @Test(
        arguments: [
            (
                "message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"", "url",
                "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"
            ),
            ("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title", "This is ***fun***"),
            (
                "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
                "title", "This is even more ***fun*** isn't it!"
            ),
            ("text/plain; name=\"a;b\\\"c\"", "name", "a;b\"c"), ("text/plain; name=\"=?UTF-8?Q?=C3=BC?=\"", "name", "ü"),
            ("text/plain; (comment) name (x) = (y) a.txt (z)", "name", "a.txt"), ("text/plain; filename=un quoted; name=x", "name", "x"),
            ("text/plain; name=plain; name*=UTF-8''%C3%BC", "name", "ü"), ("text/plain;;; ; name=x", "name", "x"),
            ("text/plain; name*1=x", "name", nil),
            ("text/plain; name*=bogus", "name", "bogus"), ("text/plain; name*0*=utf-8'", "name", "utf-8'"),
        ] as [(String, String, String?)]) func parameters(_ field: String, _ name: String, _ value: String?)
    {
        #expect(ContentType(fieldValue: Array(field.utf8))?.parameters[name] == value)
    }

    // MARK: Charsets

    @Test func charsets() {
        #expect(MailCharset(label: "Latin1".utf8) == .iso8859_1)
        #expect(MailCharset(label: "shift_jis".utf8) == nil)
        #expect(MailCharset.iso8859_1.encode("é") == [0xE9])
        #expect(MailCharset.iso8859_1.encode("€") == nil)
        #expect(MailCharset.iso8859_15.encode("€") == [0xA4])
        #expect(MailCharset.windows1252.encode("€“") == [0x80, 0x93])
        #expect(MailCharset.usASCII.encode("é") == nil)
        for charset in MailCharset.allCases where charset != .utf8 {
            for byte in UInt8.min...UInt8.max {
                let text = charset.decode([byte])
                if text != "\u{FFFD}" { #expect(charset.encode(text) == [byte]) }
            }
        }
    }
}
