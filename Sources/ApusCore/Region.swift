/// The AWS region that this installation answers as: the credential scope of SigV4, part of ARNs and of message ids.
package struct Region: Hashable, Sendable {
    /// The region's name, such as `us-east-1`.
    package let name: String

    /// - Returns: nil unless `name` is 1 to 32 lower-case letters, digits and inner hyphens.
    package init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard (1...32).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else { return nil }
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            default: return nil
            }
        }
        self.name = name
    }

    private init(known name: String) {
        self.name = name
    }

    /// The default region, AWS's own default.
    package static let usEast1 = Region(known: "us-east-1")

    /// The two bytes that stand for the region at the start of a message id, as seen in ids of SES; 0 where none is known.
    package var code: UInt16 {
        switch self.name {
        case "us-east-1": 0x0100
        case "us-west-2": 0x0101
        case "eu-west-1": 0x0102
        case "eu-central-1": 0x0107
        default: 0
        }
    }
}
