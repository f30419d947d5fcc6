/// The form of the names in a signature: domains and selectors (RFC 6376 §3.5).
enum DKIMDomain {
    /// Whether `name` is a domain name as `d=` holds it: labels of letters, digits, hyphens and underscores, at most
    /// 253 bytes. Internationalised names are in their A-label form.
    static func isValid(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= 253 else { return false }
        var labelLength = 0
        var previous: UInt8 = 0x2E
        for byte in name {
            if byte == 0x2E {
                guard labelLength > 0, previous != 0x2D else { return false }
                labelLength = 0
            } else {
                guard ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == 0x5F || (byte == 0x2D && labelLength > 0)
                else { return false }
                labelLength += 1
                guard labelLength <= 63 else { return false }
            }
            previous = byte
        }
        return labelLength > 0 && previous != 0x2D
    }

    /// Whether `name` is `parent` or below it, without case.
    static func isEqual(_ name: some BidirectionalCollection<UInt8>, orBelow parent: [UInt8]) -> Bool {
        guard name.count >= parent.count, ASCII.equalFolded(name.suffix(parent.count), parent) else { return false }
        return name.count == parent.count || name.dropLast(parent.count).last == 0x2E
    }
}
