import MailMessage
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("jdoe@Example.COM", "jdoe@example.com"), ("J.Doe+tag@example.com", "J.Doe+tag@example.com"),
        ("\"odd local\"@example.com", "\"odd local\"@example.com"), ("\"plain\"@example.com", "plain@example.com"),
        ("\"a\\\"b\\\\\"@example.com", "\"a\\\"b\\\\\"@example.com"), ("\"a@b\"@example.com", "\"a@b\"@example.com"),
        ("x@bücher.example", "x@xn--bcher-kva.example"), ("x@BÜCHER.example", "x@xn--bcher-kva.example"),
        ("x@例え。テスト", "x@xn--r8jz45g.xn--zckzah"), ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("x@straße.de", "x@xn--strae-oqa.de"), ("x@localhost", "x@localhost"), ("!#$%&'*+-/=?^_`{|}~@a-b.c1", "!#$%&'*+-/=?^_`{|}~@a-b.c1"),
    ]) func accepted(_ text: String, _ wire: String) throws {
        #expect(try EmailAddress(text).addrSpec == wire)
        #expect(try EmailAddress(wire).addrSpec == wire)
        #expect(try Mailbox(text).address.addrSpec == wire)
    }

    @Test(arguments: [
        ("", AddressError.Code.illegalAddress, "Illegal address"), ("plain", .missingDomainSeparator, "Missing final '@domain'"),
        ("plain@", .missingDomain, "Missing domain"), ("@example.com", .missingLocalPart, "Missing local name"),
        ("a b@example.com", .localPartContainsControlOrWhitespace, "Local address contains control or whitespace"),
        ("a\u{0}b@example.com", .localPartContainsControlOrWhitespace, "Local address contains control or whitespace"),
        ("jörg@example.com", .localPartContainsControlOrWhitespace, "Local address contains control or whitespace"),
        ("a@exa mple.com", .domainContainsControlOrWhitespace, "Domain contains control or whitespace"),
        ("a@example.com\r\nBcc: b@example.com", .localPartContainsControlOrWhitespace, "Local address contains control or whitespace"),
        ("a\r\n@example.com", .localPartContainsControlOrWhitespace, "Local address contains control or whitespace"),
        ("a@example.com\n", .domainContainsControlOrWhitespace, "Domain contains control or whitespace"),
        (".a@example.com", .illegalAddress, "Illegal address"), ("a.@example.com", .illegalAddress, "Illegal address"),
        ("a..b@example.com", .illegalAddress, "Illegal address"), ("a@b..c", .illegalAddress, "Illegal address"),
        ("a@.b", .illegalAddress, "Illegal address"), ("a@b.", .illegalAddress, "Illegal address"), ("a@-b.c", .illegalAddress, "Illegal address"),
        ("a@b-.c", .illegalAddress, "Illegal address"), ("a@b_c.d", .illegalAddress, "Illegal address"),
        ("a@[192.0.2.1]", .illegalAddress, "Illegal address"), ("a@b@c", .illegalAddress, "Illegal address"),
        ("\"a@example.com", .illegalAddress, "Illegal address"), ("\"a\"", .missingDomainSeparator, "Missing final '@domain'"),
        ("\"\"@example.com", .missingLocalPart, "Missing local name"), ("a<b>@example.com", .illegalAddress, "Illegal address"),
        ("a@b\u{200B}c.example", .illegalAddress, "Illegal address"),
    ]) func refused(_ text: String, _ code: AddressError.Code, _ sesText: String) {
        #expect(throws: AddressError(code)) { try EmailAddress(text) }
        #expect(AddressError(code).sesText == sesText)
    }

    @Test func limits() throws {
        let local = String(repeating: "a", count: 64)
        let label = String(repeating: "b", count: 63)
        let domain = "\(label).\(label).\(label).\(String(repeating: "c", count: 60)).de"
        #expect(domain.utf8.count == 255)
        #expect(try EmailAddress("\(local)@\(domain)").addrSpec == "\(local)@\(domain)")
    }

    @Test func tooLong() {
        let label = String(repeating: "b", count: 63)
        #expect(throws: AddressError(.localPartTooLong)) { try EmailAddress(String(repeating: "a", count: 65) + "@x.de") }
        #expect(throws: AddressError(.domainTooLong)) { try EmailAddress("a@b\(label).de") }
        #expect(throws: AddressError(.domainTooLong)) { try EmailAddress("a@\(label).\(label).\(label).\(label).de") }
        #expect(throws: AddressError(.illegalAddress)) { try EmailAddress("a@" + String(repeating: "ü", count: 100_000)) }
    }

    @Test(arguments: [
        ("[192.0.2.1]", true), ("[IPv6:2001:db8::1]", true), ("[300.0.2.1]", false), ("[1.2.3]", false), ("[]", false), ("[a b]", false),
        ("[1.2.3.4", false),
    ]) func literals(_ domain: String, _ isGood: Bool) {
        let address = try? EmailAddress("a@\(domain)", allowingAddressLiteral: true)
        #expect((address != nil) == isGood)
    }

    /// Samples of RFC 3492, section 7.1.
    @Test(arguments: [
        ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"), ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
        ("Pročprostěnemluvíčesky", "Proprostnemluvesky-uyb24dma41a"), ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
        ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"), ("-> $1.00 <-", "-> $1.00 <--"),
    ]) func punycode(_ text: String, _ encoded: String) {
        #expect(Punycode.encode(Array(text.unicodeScalars)).map { String(decoding: $0, as: UTF8.self) } == encoded)
    }

    @Test(
        arguments: [
            ("\"Name, Odd\" <a@b.c>", "Name, Odd"), ("a@b.c (Comment (nested) Name)", "Comment (nested) Name"), ("<a@b.c>", nil), ("a@b.c", nil),
            ("=?UTF-8?Q?J=C3=B6rg?= <a@b.c>", "Jörg"), ("\"=?UTF-8?B?SsO2cmc=?=\" <a@b.c>", "Jörg"), ("J.R.R. Tolkien <a@b.c>", "J.R.R. Tolkien"),
            ("  Two   spaces  <a@b.c>", "Two spaces"), ("Jörg Müller <a@b.c>", "Jörg Müller"), ("\"\" <a@b.c>", nil),
        ] as [(String, String?)]) func displayNames(_ text: String, _ name: String?) throws
    {
        let mailbox = try Mailbox(text)
        #expect(mailbox.displayName == name)
        let again = try Mailbox(String(decoding: try mailbox.headerBytes(), as: UTF8.self))
        #expect(again == mailbox)
    }

    @Test(arguments: [
        ("a@b.c, d", AddressError.Code.missingDomainSeparator), ("Name <>", .missingLocalPart), ("Name <a>", .missingDomainSeparator),
        ("Name <a@>", .missingDomain), ("Name <a@b", .illegalAddress), ("a b@c.d", .localPartContainsControlOrWhitespace),
        ("a@b c", .domainContainsControlOrWhitespace), ("Group: a@b.c", .illegalAddress), ("a@b.c d@e.f", .domainContainsControlOrWhitespace),
        ("<@route.example>", .missingLocalPart), ("a@b.c; d@e.f", .illegalAddress), ("(open a@b.c", .illegalAddress), (">a@b.c", .illegalAddress),
        ("a@b.c\0", .illegalAddress),
    ]) func refusedLists(_ text: String, _ code: AddressError.Code) {
        #expect(throws: AddressError(code)) { try AddressList(text) }
    }

    @Test func listsAreBounded() {
        let many = Array(repeating: "a@b.c", count: 60).joined(separator: ",")
        #expect(throws: AddressError(.tooManyAddresses)) { try AddressList(many, maximumAddresses: 50) }
        #expect(throws: AddressError(.nestingTooDeep)) { try AddressList(String(repeating: "(", count: 100_000)) }
        #expect((try? AddressList(String(repeating: ",", count: 100_000)))?.elements.isEmpty == true)
    }
}
