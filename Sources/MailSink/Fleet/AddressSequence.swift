/// IPv4 addresses in a row. Those that end with 0 or 255 are left out: they look like networks.
struct AddressSequence {
    private var next: UInt32
    private var taken: Set<String>

    /// - Parameter taken: left out as well.
    init?(from base: String, without taken: Set<String>) {
        let parts = base.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let part else { return nil }
            value = value << 8 | UInt32(part)
        }
        next = value
        self.taken = taken
    }

    /// nil when there is none left in the first octet's network.
    mutating func take() -> String? {
        let network = next >> 24
        while next >> 24 == network, next < .max {
            let text = [24, 16, 8, 0].map { String(next >> UInt32($0) & 0xFF) }.joined(separator: ".")
            let last = next & 0xFF
            next += 1
            if last != 0, last != 255, taken.insert(text).inserted { return text }
        }
        return nil
    }
}
