extension Distribution: Codable {
    private struct Value: Codable {
        var number: Double

        init(number: Double) { self.number = number }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                guard let value = Unit.value(text) else { throw Self.invalid(decoder) }
                number = value
            } else {
                guard let value = try? container.decode(Double.self) else { throw Self.invalid(decoder) }
                number = value
            }
            guard number >= 0, number.isFinite else { throw Self.invalid(decoder) }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(number)
        }

        private static func invalid(_ decoder: any Decoder) -> DecodingError {
            .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "must be \(Unit.form), and not negative"))
        }
    }

    private enum CodingKeys: String, CodingKey, CaseIterable { case uniform, exponential, normal, lognormal, weighted, max }
    private enum NormalKeys: String, CodingKey, CaseIterable { case mean, deviation }
    private enum LognormalKeys: String, CodingKey, CaseIterable { case median, p99 }

    package init(from decoder: any Decoder) throws {
        if let single = try? decoder.singleValueContainer(), !Self.isObject(decoder) {
            self.init(.constant(try single.decode(Value.self).number))
            return
        }
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func invalid(_ text: String) -> DecodingError { .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text)) }
        let forms = values.allKeys.filter { $0 != .max }
        guard forms.count == 1, let name = forms.first else { throw invalid("needs one of uniform, exponential, normal, lognormal, weighted") }
        let form: Form
        switch name {
        case .uniform:
            let pair = try values.decode([Value].self, forKey: .uniform).map(\.number)
            guard pair.count == 2, pair[0] <= pair[1] else { throw invalid("uniform needs [lowest, highest]") }
            form = .uniform(pair[0], pair[1])
        case .exponential: form = .exponential(mean: try values.decode(Value.self, forKey: .exponential).number)
        case .normal:
            try StrictKeys.check(values.superDecoder(forKey: .normal), Set(NormalKeys.allCases.map(\.rawValue)))
            let normal = try values.nestedContainer(keyedBy: NormalKeys.self, forKey: .normal)
            form = .normal(
                mean: try normal.decode(Value.self, forKey: .mean).number, deviation: try normal.decode(Value.self, forKey: .deviation).number)
        case .lognormal:
            try StrictKeys.check(values.superDecoder(forKey: .lognormal), Set(LognormalKeys.allCases.map(\.rawValue)))
            let lognormal = try values.nestedContainer(keyedBy: LognormalKeys.self, forKey: .lognormal)
            let median = try lognormal.decode(Value.self, forKey: .median).number
            let p99 = try lognormal.decode(Value.self, forKey: .p99).number
            guard median > 0, p99 >= median else { throw invalid("lognormal needs a median above 0 and a p99 not below it") }
            form = .lognormal(median: median, p99: p99)
        case .weighted:
            var list = try values.nestedUnkeyedContainer(forKey: .weighted)
            var numbers: [Double] = []
            var weights: [Double] = []
            while !list.isAtEnd {
                var pair = try list.nestedUnkeyedContainer()
                numbers.append(try pair.decode(Value.self).number)
                weights.append(try pair.decode(Double.self))
                guard pair.isAtEnd, numbers.count <= 10_000 else { throw invalid("weighted needs [[value, weight], …], 10000 at most") }
            }
            guard !numbers.isEmpty, weights.allSatisfy({ $0 > 0 }), weights.reduce(0, +).isFinite else {
                throw invalid("weighted needs [[value, weight], …] with weights above 0")
            }
            form = .weighted(values: numbers, weights: weights)
        case .max: throw invalid("needs a form")
        }
        self.init(form, maximum: try values.decodeIfPresent(Value.self, forKey: .max)?.number)
    }

    private static func isObject(_ decoder: any Decoder) -> Bool { (try? decoder.container(keyedBy: CodingKeys.self)) != nil }

    package func encode(to encoder: any Encoder) throws {
        if case .constant(let value) = form, maximum == nil {
            var container = encoder.singleValueContainer()
            return try container.encode(value)
        }
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(maximum, forKey: .max)
        switch form {
        case .constant(let value): try values.encode([value, value], forKey: .uniform)
        case .uniform(let low, let high): try values.encode([low, high], forKey: .uniform)
        case .exponential(let mean): try values.encode(mean, forKey: .exponential)
        case .normal(let mean, let deviation):
            var normal = values.nestedContainer(keyedBy: NormalKeys.self, forKey: .normal)
            try normal.encode(mean, forKey: .mean)
            try normal.encode(deviation, forKey: .deviation)
        case .lognormal(let median, let p99):
            var lognormal = values.nestedContainer(keyedBy: LognormalKeys.self, forKey: .lognormal)
            try lognormal.encode(median, forKey: .median)
            try lognormal.encode(p99, forKey: .p99)
        case .weighted(let numbers, let weights):
            var list = values.nestedUnkeyedContainer(forKey: .weighted)
            for (number, weight) in zip(numbers, weights) { try list.encode([number, weight]) }
        }
    }
}
