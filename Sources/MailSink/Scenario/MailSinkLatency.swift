/// How long a provider thinks before it answers, by stage; drawn anew for each answer. Rules add theirs.
package struct MailSinkLatency: Sendable, Hashable, Decodable {
    package var stages: [MailSinkStage: Distribution<Milliseconds>]

    package init(_ stages: [MailSinkStage: Distribution<Milliseconds>] = [:]) {
        self.stages = stages
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
        // While content comes nobody waits for an answer.
        let known = MailSinkStage.allCases.filter { $0 != .content }
        try StrictKeys.check(decoder, Set(known.map(\.rawValue)))
        let values = try decoder.container(keyedBy: Key.self)
        self.init()
        for stage in known {
            stages[stage] = try values.decodeIfPresent(Distribution<Milliseconds>.self, forKey: Key(stringValue: stage.rawValue))
        }
    }

    func duration(at stage: MailSinkStage, using random: inout SplitMix64) -> Duration {
        guard !stages.isEmpty, let distribution = stages[stage] else { return .zero }
        return distribution.duration(using: &random)
    }
}
