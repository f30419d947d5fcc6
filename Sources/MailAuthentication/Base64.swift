/// Base 64 (RFC 4648 §4) between bytes, with the white space that DKIM allows between characters.
enum Base64 {
    private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Six bits for each character, 0xFF for what is none.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The padded form of `bytes`, without line ends.
    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var output = [UInt8]()
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            held += 1
            if held == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] { output.append(alphabet[Int(group >> shift & 63)]) }
                group = 0
                held = 0
            }
        }
        if held == 1 {
            output.append(alphabet[Int(group >> 2 & 63)])
            output.append(alphabet[Int(group << 4 & 63)])
            output.append(ASCII.equals)
            output.append(ASCII.equals)
        } else if held == 2 {
            output.append(alphabet[Int(group >> 10 & 63)])
            output.append(alphabet[Int(group >> 4 & 63)])
            output.append(alphabet[Int(group << 2 & 63)])
            output.append(ASCII.equals)
        }
        return output
    }

    /// The bytes that `text` stands for, or nil when it is not base 64.
    ///
    /// White space and line ends may stand anywhere; padding may be missing, as the grammar of RFC 6376 §2.10
    /// leaves it optional. Nothing but white space and padding may follow padding.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var output = [UInt8]()
        output.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var held = 0
        var padding = 0
        for byte in text {
            if ASCII.isFolding(byte) { continue }
            if byte == ASCII.equals {
                padding += 1
                continue
            }
            let value = values[Int(byte)]
            guard value != 0xFF, padding == 0 else { return nil }
            group = group << 6 | UInt32(value)
            held += 1
            if held == 4 {
                output.append(UInt8(truncatingIfNeeded: group >> 16))
                output.append(UInt8(truncatingIfNeeded: group >> 8))
                output.append(UInt8(truncatingIfNeeded: group))
                group = 0
                held = 0
            }
        }
        switch held {
        case 0:
            guard padding == 0 else { return nil }
        case 2:
            guard padding == 0 || padding == 2 else { return nil }
            output.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3:
            guard padding <= 1 else { return nil }
            output.append(UInt8(truncatingIfNeeded: group >> 10))
            output.append(UInt8(truncatingIfNeeded: group >> 2))
        default:
            return nil
        }
        return output
    }
}
