import MailSink

/// One number of a scenario: a JSON number, or a text with a unit of time, which stands for milliseconds.
package struct ScenarioNumber: Sendable, Codable, Hashable {
    package var value: Double

    package init(_ value: Double) {
        self.value = value
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap(Milliseconds.value)
        guard let number, number >= 0, number.isFinite else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "must be \(Milliseconds.form), and not negative")
        }
        value = number
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
