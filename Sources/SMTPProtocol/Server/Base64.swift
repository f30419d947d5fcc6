/// The base64 of SASL exchanges (RFC 4648 section 4), strict: padding where due, no other octets, no bits left over.
enum Base64 {
    static func decode(_ input: some Collection<UInt8>) -> [UInt8]? {
        guard input.count % 4 == 0 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(input.count / 4 * 3)
        var accumulator: UInt32 = 0
        var bits = 0
        var padding = 0
        for byte in input {
            if byte == ASCII.equals {
                padding += 1
                if padding > 2 { return nil }
                continue
            }
            guard padding == 0, let value = value(byte) else { return nil }
            accumulator = accumulator << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
                accumulator &= (1 << UInt32(bits)) - 1
            }
        }
        guard accumulator == 0, padding == (3 - output.count % 3) % 3 else { return nil }
        return output
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte - 0x41)
        case 0x61...0x7A: UInt32(byte - 0x61) + 26
        case ASCII.zero...ASCII.nine: UInt32(byte - ASCII.zero) + 52
        case ASCII.plus: 62
        case ASCII.slash: 63
        default: nil
        }
    }
}
