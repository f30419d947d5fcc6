extension MailSinkProvider: Decodable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, domains, addresses, hostname, tls, limits, rules, latency, strictDomains, reactions
    }

    /// Addresses of one provider at most.
    private static let maximumAddresses = 1_000

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func invalid(_ key: CodingKeys, _ text: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: values.codingPath + [key], debugDescription: text))
        }
        let name = try values.decode(String.self, forKey: .name)
        // It becomes the name of a folder.
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameOctet), name.utf8.first != 0x2E else {
            throw invalid(.name, "must be 1 to 64 letters, digits, hyphens, dots and underscores")
        }
        let domains = try values.decode([String].self, forKey: .domains).map { text -> DomainPattern in
            guard let pattern = DomainPattern(text) else {
                throw invalid(.domains, "\"\(text)\" is no domain; a star stands for everything below a name: \"*.example.test\"")
            }
            return pattern
        }
        guard !domains.isEmpty else { throw invalid(.domains, "needs at least one") }
        self.init(name: name, domains: domains)
        if values.contains(.addresses) {
            if let count = try? values.decode(Int.self, forKey: .addresses) {
                addresses = .count(count)
                guard (1...Self.maximumAddresses).contains(count) else { throw invalid(.addresses, "must be from 1 to \(Self.maximumAddresses)") }
            } else {
                let list = try values.decode([String].self, forKey: .addresses)
                guard (1...Self.maximumAddresses).contains(list.count) else {
                    throw invalid(.addresses, "must be 1 to \(Self.maximumAddresses) IP addresses")
                }
                addresses = .list(list)
            }
        }
        hostname = try values.decodeIfPresent(String.self, forKey: .hostname)
        if let hostname, DomainPattern(hostname)?.isWildcard != false { throw invalid(.hostname, "\"\(hostname)\" is no host name") }
        if let text = try values.decodeIfPresent(String.self, forKey: .tls) {
            guard let encryption = MailSinkEncryption(rawValue: text) else { throw invalid(.tls, "must be none, optional, required or broken") }
            self.encryption = encryption
        }
        limits = try values.decodeIfPresent(MailSinkLimits.self, forKey: .limits) ?? limits
        latency = try values.decodeIfPresent(MailSinkLatency.self, forKey: .latency) ?? latency
        strictDomains = try values.decodeIfPresent(Bool.self, forKey: .strictDomains) ?? strictDomains
        reactions = try values.decodeIfPresent(MailSinkReactions.self, forKey: .reactions) ?? reactions
        for (index, entry) in (try values.decodeIfPresent([MailSinkRuleFile.Entry].self, forKey: .rules) ?? []).enumerated() {
            rules.append(try entry.rule(index: index, file: "scenario, provider \"\(name)\""))
        }
    }

    private static func isNameOctet(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
}
