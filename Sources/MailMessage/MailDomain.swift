/// Brings the domain of an address to the form used on the wire and as key everywhere else.
package enum MailDomain {
    /// Lower case, U-labels as A-labels, checked.
    ///
    /// Labels are letters, digits and inner hyphens (RFC 1123, section 2.1). The ideographic full stops of RFC 3490, section 3.1, separate
    /// labels like a dot. Non-ASCII labels are folded to lower case scalar by scalar and encoded (RFC 3492); they are taken to be in NFC,
    /// which is what keyboards and SDKs produce.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8.
    ///   - allowingAddressLiteral: whether `[…]` is accepted (RFC 5321, section 4.1.3).
    /// - Throws: `AddressError`.
    package static func wireForm(_ bytes: some Collection<UInt8>, allowingAddressLiteral: Bool = false) throws(AddressError) -> String {
        guard let first = bytes.first else { throw AddressError(.missingDomain) }
        for byte in bytes where ASCII.isControl(byte) || byte == ASCII.space {
            throw AddressError(.domainContainsControlOrWhitespace)
        }
        if first == ASCII.openBracket {
            guard allowingAddressLiteral else { throw AddressError(.illegalAddress) }
            return try addressLiteral(Array(bytes))
        }
        let wire = bytes.allSatisfy { $0 < 0x80 } ? bytes.map { ASCII.lowercased($0) } : try asciiForm(bytes)
        try check(wire)
        return String(decoding: wire, as: UTF8.self)
    }

    private static func asciiForm(_ bytes: some Collection<UInt8>) throws(AddressError) -> [UInt8] {
        guard bytes.count <= 1024, let text = String(validating: bytes, as: UTF8.self) else { throw AddressError(.illegalAddress) }
        var labels: [[Unicode.Scalar]] = [[]]
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x2E, 0x3002, 0xFF0E, 0xFF61: labels.append([])
            // Zero-width and direction marks, spaces and unassigned code points have no place in a label (RFC 5892).
            case 0x80..<0xA1, 0x2000...0x206F, 0x3000, 0xE000...0xF8FF, 0xFE00...0xFE0F, 0xFEFF, 0xFFF0...0xFFFF, 0xE0000...0x10FFFF:
                throw AddressError(.illegalAddress)
            default: labels[labels.count - 1].append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        var wire: [UInt8] = []
        for (index, label) in labels.enumerated() {
            if index > 0 { wire.append(ASCII.dot) }
            if label.allSatisfy(\.isASCII) {
                wire.append(contentsOf: label.map { UInt8(truncatingIfNeeded: $0.value) })
            } else {
                guard label.count <= 63, let encoded = Punycode.encode(label) else { throw AddressError(.domainTooLong) }
                wire.append(contentsOf: "xn--".utf8)
                wire.append(contentsOf: encoded)
            }
        }
        return wire
    }

    private static func check(_ wire: [UInt8]) throws(AddressError) {
        guard wire.count <= 255 else { throw AddressError(.domainTooLong) }
        var length = 0
        var previous = ASCII.dot
        for byte in wire {
            if byte == ASCII.dot {
                guard length > 0, previous != ASCII.hyphen else { throw AddressError(.illegalAddress) }
                length = 0
            } else {
                guard ASCII.isAlphanumeric(byte) || (byte == ASCII.hyphen && length > 0) else { throw AddressError(.illegalAddress) }
                length += 1
                guard length <= 63 else { throw AddressError(.domainTooLong) }
            }
            previous = byte
        }
        guard length > 0, previous != ASCII.hyphen else { throw AddressError(.illegalAddress) }
    }

    private static func addressLiteral(_ bytes: [UInt8]) throws(AddressError) -> String {
        guard bytes.count >= 3, bytes.count <= 255, bytes.last == ASCII.closeBracket else { throw AddressError(.illegalAddress) }
        let content = bytes[1..<(bytes.count - 1)]
        // dtext of RFC 5321: visible, no brackets, no backslash.
        guard content.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.openBracket && $0 != ASCII.closeBracket && $0 != ASCII.backslash }) else {
            throw AddressError(.illegalAddress)
        }
        if content.first.map(ASCII.isDigit) == true, !isIPv4(content) { throw AddressError(.illegalAddress) }
        return ASCII.lowercased(bytes)
    }

    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(ASCII.isDigit) && part.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) } <= 255
            }
    }
}
