import FoundationEssentials

/// A sink's rules, in the order in which they are looked at. The first that acts decides, except that rules with a delay only add up.
package struct MailSinkRules: Sendable, Hashable {
    package var rules: [MailSinkRule]
    /// Begins the random numbers of `probability`, so that a run can be repeated.
    package var seed: UInt64

    package init(_ rules: [MailSinkRule] = [], seed: UInt64 = 1) {
        self.rules = rules
        self.seed = seed
    }

    /// Reads a rules file.
    ///
    /// - Throws: ``MailSinkError`` that names the rule and the key.
    package init(contentsOfFile path: String) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw MailSinkError(.invalidRules, "cannot read the rules file \(path)")
        }
        try self.init(json: Array(data))
    }

    /// Reads the text of a rules file.
    package init(json: [UInt8]) throws {
        do {
            let file = try JSONDecoder().decode(MailSinkRuleFile.self, from: Data(json))
            self.init(try file.rules.enumerated().map { try $0.element.rule(index: $0.offset) }, seed: file.seed ?? 1)
        } catch let error as MailSinkError {
            throw error
        } catch let error as DecodingError {
            throw MailSinkError(.invalidRules, "rules file: \(Self.explain(error))")
        }
    }

    /// What is wrong in a file, for the person who wrote it.
    static func explain(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.isEmpty ? "the file" : keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context.codingPath)) lacks \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context): return "\(path(context.codingPath)) has a value of the wrong type"
        case .dataCorrupted(let context): return "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "cannot be read"
        }
    }
}
