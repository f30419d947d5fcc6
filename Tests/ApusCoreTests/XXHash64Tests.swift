import ApusCore
import Testing

@Suite struct XXHash64Tests {
    /// Values of the reference implementation.
    @Test(
        arguments: [
            ("", 0, 0xEF46_DB37_51D8_E999), ("a", 0, 0xD24E_C4F1_A98C_6E5B), ("abc", 0, 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0, 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64, UInt64)])
    func referenceValues(text: String, seed: UInt64, expected: UInt64) {
        #expect(Array(text.utf8).withUnsafeBytes { XXHash64.hash($0, seed: seed) } == expected)
    }

    /// However bytes come, they hash to the same.
    @Test func everySplit() {
        let bytes = (0..<131).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let whole = bytes.withUnsafeBytes { XXHash64.hash($0, seed: 7) }
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 13) {
                var hash = XXHash64(seed: 7)
                for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                    part.withUnsafeBytes { hash.update($0) }
                }
                #expect(hash.value == whole, "\(first), \(second)")
            }
        }
    }
}
