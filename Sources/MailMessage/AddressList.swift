/// The value of From, To, Cc, Reply-To…: mailboxes and groups (RFC 5322, sections 3.4 and 4.4).
package struct AddressList: Hashable, Sendable {
    /// One element between commas.
    package enum Element: Hashable, Sendable {
        case mailbox(Mailbox)
        case group(name: String, members: [Mailbox])
    }

    package let elements: [Element]

    /// Parses a field value, folded or not. Empty elements (`a@b, , c@d`), routes and white space around dots are accepted as the obsolete
    /// syntax asks; a value without any address gives an empty list.
    ///
    /// - Parameters:
    ///   - bytes: the value, without the field name.
    ///   - allowingAddressLiteral: whether `[192.0.2.1]` is accepted as domain.
    ///   - maximumAddresses: bound on mailboxes, those in groups included.
    /// - Throws: `AddressError`.
    package init(bytes: [UInt8], allowingAddressLiteral: Bool = false, maximumAddresses: Int = 10_000) throws(AddressError) {
        var parser = AddressParser(bytes: bytes, allowingAddressLiteral: allowingAddressLiteral, maximumAddresses: maximumAddresses)
        elements = try parser.parseList()
    }

    /// Parses a field value. See ``init(bytes:allowingAddressLiteral:maximumAddresses:)``.
    package init(_ text: String, allowingAddressLiteral: Bool = false, maximumAddresses: Int = 10_000) throws(AddressError) {
        try self.init(bytes: Array(text.utf8), allowingAddressLiteral: allowingAddressLiteral, maximumAddresses: maximumAddresses)
    }

    /// All mailboxes in order, those in groups included.
    package var mailboxes: [Mailbox] {
        elements.flatMap { element in
            switch element {
            case .mailbox(let mailbox): [mailbox]
            case .group(_, let members): members
            }
        }
    }
}
