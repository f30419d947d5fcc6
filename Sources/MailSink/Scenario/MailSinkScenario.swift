import FoundationEssentials

/// What a ``MailSinkFleet`` plays: a rules file, which is one provider for everything, or a list of providers. See `loadtest/README.md` for the format.
package struct MailSinkScenario: Sendable {
    /// Begins all random numbers, so that a run can be repeated.
    package var seed: UInt64
    /// At least one.
    package var providers: [MailSinkProvider]

    package init(seed: UInt64 = 1, providers: [MailSinkProvider]) {
        self.seed = seed
        self.providers = providers
    }

    /// Reads a file.
    ///
    /// - Throws: ``MailSinkError`` that names the provider, rule and key.
    package init(contentsOfFile path: String) throws(MailSinkError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw MailSinkError(.invalidScenario, "cannot read the scenario \(path)")
        }
        try self.init(json: Array(data))
    }

    /// Reads the text of a file.
    package init(json: [UInt8]) throws(MailSinkError) {
        do {
            self = try JSONDecoder().decode(MailSinkScenario.self, from: Data(json))
        } catch let error as MailSinkError {
            throw MailSinkError(.invalidScenario, error.message)
        } catch let error as DecodingError {
            throw MailSinkError(.invalidScenario, "scenario: \(StrictKeys.explain(error))")
        } catch {
            throw MailSinkError(.invalidScenario, "the scenario cannot be read")
        }
    }

    /// Whether a provider's recipients send failures or complaints, which need somewhere to go to.
    package var sendsReports: Bool { reacts { $0 == .dsn || $0 == .complaint } }

    /// Whether a provider's recipients load images or follow links, which needs somebody who does it.
    package var visits: Bool { reacts { $0 == .open || $0 == .click } }

    private func reacts(_ isMeant: (MailSinkReaction.Kind) -> Bool) -> Bool {
        providers.contains { $0.reactions.list.contains { isMeant($0.kind) && $0.share > 0 } }
    }
}

extension MailSinkScenario: Decodable {
    private enum CodingKeys: String, CodingKey { case seed, rules, providers }

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, ["seed", "rules", "providers"])
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func invalid(_ text: String) -> DecodingError { .dataCorrupted(.init(codingPath: values.codingPath, debugDescription: text)) }
        let seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1
        guard values.contains(.rules) != values.contains(.providers) else { throw invalid("needs either rules or providers") }
        guard values.contains(.providers) else {
            var everything = MailSinkProvider(name: "sink", domains: DomainPattern("*").map { [$0] } ?? [])
            for (index, entry) in try values.decode([MailSinkRuleFile.Entry].self, forKey: .rules).enumerated() {
                everything.rules.append(try entry.rule(index: index, file: "scenario"))
            }
            self.init(seed: seed, providers: [everything])
            return
        }
        let providers = try values.decode([MailSinkProvider].self, forKey: .providers)
        guard (1...Int(UInt16.max)).contains(providers.count) else { throw invalid("needs from 1 to 65535 providers") }
        if let name = Self.twice(providers.map(\.name)) { throw invalid("two providers are called \"\(name)\"") }
        if let domain = Self.twice(providers.flatMap { $0.domains.map(\.text) }) { throw invalid("two providers have the domain \"\(domain)\"") }
        if let host = Self.twice(providers.map(\.mailExchanger)) { throw invalid("two providers have the host name \"\(host)\"") }
        self.init(seed: seed, providers: providers)
    }

    private static func twice(_ texts: [String]) -> String? {
        var seen: Set<String> = []
        return texts.first { !seen.insert($0).inserted }
    }
}
