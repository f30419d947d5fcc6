import MailSink

/// Which domains recipients are in.
///
/// ```json
/// {"shares": {"gmail.test": 0.4, "outlook.test": 0.15}, "others": 100000, "other": "d*.many.test"}
/// ```
///
/// What the shares leave goes to `others` further domains, the `*` of whose name is their number, with Zipf's law: the second gets half of the first's mail,
/// the third a third.
package struct DomainChoice: Sendable, Codable, Hashable {
    /// Domain to share, 0…1.
    package var shares: [String: Double]
    /// How many further domains; 0 leaves everything to the shares.
    package var others: Int
    package var other: String
    /// Whether domains take turns instead: a message of fifty recipients is for fifty domains, where there are as many.
    package var inTurn = false

    package init(shares: [String: Double] = [:], others: Int = 1, other: String = "d*.sink.test") {
        self.shares = shares
        self.others = others
        self.other = other
    }

    private enum CodingKeys: String, CodingKey, CaseIterable { case shares, others, other, inTurn }

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        shares = try values.decodeIfPresent([String: Double].self, forKey: .shares) ?? shares
        others = try values.decodeIfPresent(Int.self, forKey: .others) ?? others
        other = try values.decodeIfPresent(String.self, forKey: .other) ?? other
        inTurn = try values.decodeIfPresent(Bool.self, forKey: .inTurn) ?? inTurn
    }

    /// The shares of large providers in a consumer list: about four in ten addresses at Google, a seventh at Microsoft, a tenth at Yahoo, and so on; a third
    /// elsewhere. A model to test with, not a census.
    package static let realisticShares = ["gmail.test": 0.40, "outlook.test": 0.15, "yahoo.test": 0.09, "icloud.test": 0.06]

    func check(stream: String) throws(LoadTestError) {
        func invalid(_ text: String) -> LoadTestError { LoadTestError(.invalidScenario, "stream \"\(stream)\": domains: \(text)") }
        guard (0...100_000).contains(others) else { throw invalid("others must be from 0 to 100000") }
        guard shares.values.allSatisfy({ (0...1).contains($0) }), shares.values.reduce(0, +) <= 1.000_001 else {
            throw invalid("shares must be from 0 to 1, and not above 1 together")
        }
        guard others > 0 || !shares.isEmpty else { throw invalid("there are none") }
        guard others <= 1 || other.contains("*") else { throw invalid("other needs a * for the number") }
        for name in Array(shares.keys) + [other.replacingStar(with: "1")] {
            guard !name.isEmpty, name.utf8.count <= 200, name.utf8.allSatisfy({ Self.isHostOctet($0) }) else { throw invalid("\(name) is no domain") }
        }
    }

    private static func isHostOctet(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
    }
}

extension String {
    /// With the first `*` replaced.
    func replacingStar(with text: String) -> String {
        guard let star = utf8.firstIndex(of: 0x2A) else { return self }
        return String(self[..<star]) + text + String(self[utf8.index(after: star)...])
    }
}
