/// A display name and an address (RFC 5322, section 3.4).
package struct Mailbox: Hashable, Sendable {
    /// The name as a person reads it: unquoted, encoded words decoded. `nil` where there was none.
    package var displayName: String?
    package var address: EmailAddress

    package init(displayName: String? = nil, address: EmailAddress) {
        self.displayName = displayName
        self.address = address
    }

    /// Parses exactly one mailbox: `a@b`, `Name <a@b>`, `"Name" <a@b>`, `a@b (Name)`, with comments and folding.
    ///
    /// - Throws: `AddressError`; `.illegalAddress` for groups, lists and nothing at all.
    package init(_ text: String, allowingAddressLiteral: Bool = false) throws(AddressError) {
        let list = try AddressList(text, allowingAddressLiteral: allowingAddressLiteral)
        guard list.elements.count == 1, case .mailbox(let mailbox) = list.elements[0] else { throw AddressError(.illegalAddress) }
        self = mailbox
    }

    /// `Name <a@b>` as one header fragment in 7-bit form, without folding except between encoded words.
    ///
    /// - Throws: `ComposeError` when the name holds CR, LF or NUL.
    package func headerBytes() throws(ComposeError) -> [UInt8] {
        guard let displayName, !displayName.isEmpty else { return Array(address.addrSpec.utf8) }
        var bytes = try HeaderText.phrase(displayName)
        bytes.append(ASCII.space)
        bytes.append(ASCII.less)
        bytes.append(contentsOf: address.addrSpec.utf8)
        bytes.append(ASCII.greater)
        return bytes
    }
}
