import MailSink
import Testing

@Suite struct LoadIDTests {
    @Test func reading() {
        let id = LoadID(run: 0x5f3a_9c01, sequence: 42, headOctets: 0xd4, head: 0x9b3c_11f0, body: 0x2c51_d2f0_a1b7_e4d9)
        #expect(id.description == "5f3a9c01-000000002a-00d4-9b3c11f0-2c51d2f0a1b7e4d9")
        #expect(LoadID(Array(id.description.utf8)) == id)
        let largest = LoadID(run: .max, sequence: (1 << 40) - 1, headOctets: .max, head: .max, body: .max)
        #expect(LoadID(Array(largest.description.utf8)) == largest)
    }

    @Test(arguments: [
        "", "5f3a9c01", "5f3a9c01-000000002a-00d4-9b3c11f0-2c51d2f0a1b7e4d", "5F3A9C01-000000002a-00d4-9b3c11f0-2c51d2f0a1b7e4d9",
        "5f3a9c01_000000002a-00d4-9b3c11f0-2c51d2f0a1b7e4d9", "5f3a9c01-000000002a-00d4-9b3c11f0-2c51d2f0a1b7e4-9",
        "--------------------------------------------------",
    ])
    func refusing(text: String) {
        #expect(LoadID(Array(text.utf8)) == nil)
    }

    @Test(
        arguments: [
            ("u0.0@a.test", 0, 0), ("u42.7@a.test", 42, 7), ("full-u123456789012.65535@a.test", 123_456_789_012, 65_535), ("U42.0@A.TEST", 42, 0),
        ] as [(String, UInt64, UInt16)])
    func recipients(address: String, sequence: UInt64, index: UInt16) {
        #expect(LoadRecipient(address: address) == LoadRecipient(sequence: sequence, index: index))
    }

    @Test(arguments: [
        "", "@", "u@a.test", "u1@a.test", "u1.@a.test", ".1@a.test", "xu1.0@a.test", "u1.65536@a.test", "u1.0", "u12345678901234567890.0@a",
    ])
    func otherRecipients(address: String) {
        #expect(LoadRecipient(address: address) == nil)
    }
}
