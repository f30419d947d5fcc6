/// Any JSON, for parts of a scenario that others read: a system's settings, a sink's rules.
package enum JSONValue: Sendable, Hashable, Codable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// For people: a text without quotes, a list with commas.
    var plainText: String {
        switch self {
        case .text(let text): text
        case .number(let number): ReportNumbers.number(number)
        case .bool(let value): "\(value)"
        case .list(let values): values.map(\.plainText).joined(separator: ", ")
        case .null, .object: ""
        }
    }

    /// Puts a value at a dotted name, with the objects on the way.
    package mutating func set(_ value: JSONValue, at name: String) {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        var members: [String: JSONValue] = [:]
        if case .object(let present) = self { members = present }
        if parts.count == 1 {
            members[parts[0]] = value
        } else {
            var nested = members[parts[0]] ?? .object([:])
            nested.set(value, at: parts[1])
            members[parts[0]] = nested
        }
        self = .object(members)
    }
}
