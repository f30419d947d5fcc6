import SMTPProtocol
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("a@example.com", "a", "example.com"), ("first.last+tag@sub.example.com", "first.last+tag", "sub.example.com"),
        ("\"a b\"@example.com", "\"a b\"", "example.com"), ("\"a>b@c\"@example.com", "\"a>b@c\"", "example.com"),
        ("\"a\\\"b\"@example.com", "\"a\\\"b\"", "example.com"), ("u@[192.0.2.1]", "u", "[192.0.2.1]"),
        ("u@[IPv6:2001:db8::1]", "u", "[IPv6:2001:db8::1]"),
        ("Postmaster", "Postmaster", ""), ("пример@example.com", "пример", "example.com"),
    ])
    func valid(_ text: String, _ local: String, _ domain: String) throws {
        let address = try #require(SMTPAddress(text))
        #expect(address.localPart == local)
        #expect(address.domain == domain)
        #expect(address.description == "…@\(domain)")
    }

    @Test(arguments: [
        "", "a", "@example.com", "a@", "a b@example.com", "a@example.com>", "a@exa mple.com", "a@example.com\r\nRCPT TO:<x@y>", "a\r@example.com",
        "a\n@b.c",
        "a\u{0}@b.c", "<a@b.c>", "a@b@c", "\"a@b.c", "\"a\"b@c.d", "a\"b\"@c.d", "a@b..c", "a@.b", "a@b,c", "a@[1.2.3.4", "a\\@b.c",
        String(repeating: "x", count: 65) + "@b.c", "a@" + String(repeating: "x", count: 256),
    ])
    func invalid(_ text: String) {
        #expect(SMTPAddress(text) == nil)
    }
}
