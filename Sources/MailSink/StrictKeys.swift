/// Finds keys that are none: a misspelt key would silently mean the default.
package enum StrictKeys {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// - Throws: `DecodingError` that names the first unknown key and all known ones.
    package static func check<Keys: CodingKey & CaseIterable>(_ decoder: any Decoder, _ keys: Keys.Type) throws {
        try check(decoder, Set(keys.allCases.map(\.stringValue)))
    }

    /// The same by their names.
    package static func check(_ decoder: any Decoder, _ known: Set<String>) throws {
        let found = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
        guard let unknown = found.sorted().first(where: { !known.contains($0) }) else { return }
        throw DecodingError.dataCorrupted(
            .init(
                codingPath: decoder.codingPath,
                debugDescription: "unknown key \"\(unknown)\"; known are \(known.sorted().joined(separator: ", "))"))
    }

    /// What is wrong in a file, for the person who wrote it.
    package static func explain(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.isEmpty ? "the file" : keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context.codingPath)) lacks \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context): return "\(path(context.codingPath)) has a value of the wrong type"
        case .dataCorrupted(let context): return "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "it cannot be read"
        }
    }
}
