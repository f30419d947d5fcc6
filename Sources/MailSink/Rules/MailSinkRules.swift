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
            throw MailSinkError(.invalidRules, "rules file: \(StrictKeys.explain(error))")
        }
    }
}
