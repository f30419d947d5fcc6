/// An `addr-spec` in the form that SES accepts and SMTP can carry without extensions: 7-bit, domain in lower case, IDN labels as
/// A-labels (RFC 5322, section 3.4.1; RFC 5321, section 4.1.2; RFC 5891).
///
/// Two addresses are equal when their wire forms are: the local part is compared with its case, the domain without.
package struct EmailAddress: Hashable, Sendable {
    /// The local part as written on the wire: a dot-atom, or a quoted string where the content needs quotes.
    package let localPart: String
    /// The domain in lower case A-labels, or an address literal with its brackets.
    package let domain: String

    /// Takes the *content* of a local part (without quotes) and a domain, and brings them to wire form.
    ///
    /// - Parameters:
    ///   - localContent: the octets after removal of quotes and backslashes.
    ///   - domain: UTF-8; U-labels become A-labels.
    ///   - allowingAddressLiteral: whether `[192.0.2.1]` and `[IPv6:…]` are accepted as domain.
    /// - Throws: `AddressError`.
    package init(localContent: some Collection<UInt8>, domain: some Collection<UInt8>, allowingAddressLiteral: Bool = false) throws(AddressError) {
        localPart = try Self.wireLocalPart(localContent)
        self.domain = try MailDomain.wireForm(domain, allowingAddressLiteral: allowingAddressLiteral)
    }

    /// Parses one bare address with nothing around it: no display name, comments or folding.
    ///
    /// - Throws: `AddressError`; its `sesText` is what SES answers.
    package init(_ text: String, allowingAddressLiteral: Bool = false) throws(AddressError) {
        try self.init(bytes: Array(text.utf8), allowingAddressLiteral: allowingAddressLiteral)
    }

    /// Parses one bare address from UTF-8 octets. See ``init(_:allowingAddressLiteral:)``.
    package init(bytes: [UInt8], allowingAddressLiteral: Bool = false) throws(AddressError) {
        guard !bytes.isEmpty else { throw AddressError(.illegalAddress) }
        // Longer than any wire form, even with every octet of the domain escaped from Unicode: refuse before any work.
        guard bytes.count <= 1024 else { throw AddressError(.illegalAddress) }
        let (content, separator) = try Self.localContent(of: bytes)
        try self.init(localContent: content, domain: bytes[(separator + 1)...], allowingAddressLiteral: allowingAddressLiteral)
    }

    /// `local@domain`.
    package var addrSpec: String { "\(localPart)@\(domain)" }

    /// The dequoted local part and the position of the `@` behind it.
    private static func localContent(of bytes: [UInt8]) throws(AddressError) -> ([UInt8], Int) {
        guard bytes[0] == ASCII.quote else {
            guard let separator = bytes.lastIndex(of: ASCII.at) else {
                throw AddressError(.missingDomainSeparator)
            }
            let local = bytes[..<separator]
            // Quotes have a meaning only around the whole; an unquoted local part is a dot-atom.
            for byte in local where ASCII.isControl(byte) || byte == ASCII.space || byte > 0x7F {
                throw AddressError(.localPartContainsControlOrWhitespace)
            }
            for byte in local where byte != ASCII.dot && !ASCII.isAtomText(byte) {
                throw AddressError(.illegalAddress)
            }
            if !local.isEmpty, !isDotAtom(local) { throw AddressError(.illegalAddress) }
            return (Array(local), separator)
        }
        var content: [UInt8] = []
        var index = 1
        while index < bytes.count, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash { index += 1 }
            guard index < bytes.count else { throw AddressError(.illegalAddress) }
            content.append(bytes[index])
            index += 1
        }
        guard index < bytes.count else { throw AddressError(.illegalAddress) }
        guard index + 1 < bytes.count, bytes[index + 1] == ASCII.at else { throw AddressError(.missingDomainSeparator) }
        return (content, index + 1)
    }

    private static func isDotAtom(_ bytes: some Collection<UInt8>) -> Bool {
        var previous = ASCII.dot
        for byte in bytes {
            if byte == ASCII.dot {
                if previous == ASCII.dot { return false }
            } else if !ASCII.isAtomText(byte) {
                return false
            }
            previous = byte
        }
        return previous != ASCII.dot
    }

    private static func wireLocalPart(_ content: some Collection<UInt8>) throws(AddressError) -> String {
        guard !content.isEmpty else { throw AddressError(.missingLocalPart) }
        for byte in content where ASCII.isControl(byte) || byte > 0x7F {
            throw AddressError(.localPartContainsControlOrWhitespace)
        }
        var wire: [UInt8] = []
        if isDotAtom(content) {
            wire.append(contentsOf: content)
        } else {
            wire.append(ASCII.quote)
            for byte in content {
                if byte == ASCII.quote || byte == ASCII.backslash { wire.append(ASCII.backslash) }
                wire.append(byte)
            }
            wire.append(ASCII.quote)
        }
        guard wire.count <= 64 else { throw AddressError(.localPartTooLong) }
        return String(decoding: wire, as: UTF8.self)
    }
}
