import ApusCore
import Testing

@Suite struct MessageIDTests {
    @Test func hasTheFormOfSES() {
        var generator = SplitMix(seed: 1)
        let id = MessageID(regionCode: 0x0100, acceptedAt: UnixMilliseconds(0x019a_6f1c_2d3e), using: &generator)
        let text = id.rawValue
        #expect(text.utf8.count == 60)
        #expect(text.hasPrefix("0100019a6f1c2d3e-"))
        #expect(text.hasSuffix("-000000"))
        let parts = text.split(separator: "-").map(String.init)
        #expect(parts.map(\.count) == [16, 8, 4, 4, 4, 12, 6])
        // RFC 9562: version 4, variant 10.
        #expect(parts[3].first == "4")
        #expect("89ab".contains(parts[4].first ?? "x"))
        #expect(MessageID(text) == id)
        #expect("\(id)" == text)
    }

    @Test func twoAreNeverTheSame() {
        var generator = SystemRandomNumberGenerator()
        let now = UnixMilliseconds(1_700_000_000_000)
        let ids = Set((0..<1000).map { _ in MessageID(regionCode: 0, acceptedAt: now, using: &generator) })
        #expect(ids.count == 1000)
    }

    @Test(arguments: [
        "", "0100019a6f1c2d3e", "0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-00000",
        "0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-0000000", "0100019A6F1C2D3E-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-000000",
        "0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455_000000", "0100019a6f1c2d3g-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-000000",
        "0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-00112233445\u{e9}-00000", "../../../../../../../../../../../../../../../../../../../etc",
    ])
    func otherTextIsNoID(text: String) {
        #expect(MessageID(text) == nil)
    }
}
