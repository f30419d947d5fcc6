package import MailSink

/// One kind of load, as a scenario or the options of `generate` describe it.
package struct LoadStream: Sendable, Codable, Hashable {
    package enum Arrivals: String, Sendable, Codable {
        /// Times between calls are exponential, as from many independent senders.
        case poisson
        /// Times between calls are equal.
        case even
    }

    package var name: String
    /// Calls a second, each begun at its time whatever became of those before (open loop). nil keeps ``concurrency`` calls open (closed loop).
    package var rate: Double?
    package var arrivals = Arrivals.poisson
    /// Calls open at once in a closed loop; in an open one, connections at most.
    package var concurrency: Int
    /// Calls to make; nil makes them until ``duration`` has passed.
    package var messages: Int?
    /// Milliseconds until no further call begins; nil for all ``messages``.
    package var duration: ScenarioNumber?
    /// Milliseconds after the run's begin.
    package var startAfter: ScenarioNumber?
    /// Octets of a message.
    package var size: Distribution<Octets>
    /// Recipients of a message.
    package var recipients: Int
    package var domains: DomainChoice
    /// Kinds of recipients, by their share from 0 to 1: the kind goes in front of the local part (`full-u42.0`), where a sink's rules see it.
    package var kinds: [String: Double]
    package var from: String
    /// Configuration sets by weight; empty names none.
    package var configurationSets: [String: Double]
    /// Keys of the entrance that this stream uses, by their place; empty uses all in turn.
    package var accounts: [Int]

    package init(name: String) {
        self.name = name
        concurrency = 40
        size = .constant(10_240)
        recipients = 1
        domains = DomainChoice()
        kinds = [:]
        from = "load@example.com"
        configurationSets = [:]
        accounts = []
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, rate, arrivals, concurrency, messages, duration, startAfter, size, recipients, domains, kinds, from, configurationSets, accounts
    }

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(name: try values.decode(String.self, forKey: .name))
        rate = try values.decodeIfPresent(Double.self, forKey: .rate)
        arrivals = try values.decodeIfPresent(Arrivals.self, forKey: .arrivals) ?? arrivals
        concurrency = try values.decodeIfPresent(Int.self, forKey: .concurrency) ?? (rate == nil ? 40 : 200)
        messages = try values.decodeIfPresent(Int.self, forKey: .messages)
        duration = try values.decodeIfPresent(ScenarioNumber.self, forKey: .duration)
        startAfter = try values.decodeIfPresent(ScenarioNumber.self, forKey: .startAfter)
        size = try values.decodeIfPresent(Distribution<Octets>.self, forKey: .size) ?? size
        recipients = try values.decodeIfPresent(Int.self, forKey: .recipients) ?? recipients
        domains = try values.decodeIfPresent(DomainChoice.self, forKey: .domains) ?? domains
        kinds = try values.decodeIfPresent([String: Double].self, forKey: .kinds) ?? kinds
        from = try values.decodeIfPresent(String.self, forKey: .from) ?? from
        configurationSets = try values.decodeIfPresent([String: Double].self, forKey: .configurationSets) ?? configurationSets
        accounts = try values.decodeIfPresent([Int].self, forKey: .accounts) ?? accounts
        try check()
    }

    /// Milliseconds until no further call begins.
    package var durationMilliseconds: Double? { duration?.value }

    /// `open loop, 200/s` or `closed loop, 40 at once`.
    package var loop: String {
        guard let rate else { return "closed loop, \(concurrency) at once" }
        let text = rate == rate.rounded() ? String(Int(rate)) : String(rate)
        return "open loop, \(text)/s, \(arrivals == .poisson ? "Poisson" : "even")"
    }

    /// - Throws: ``LoadTestError`` that says what is out of its range.
    package func check() throws(LoadTestError) {
        func invalid(_ text: String) -> LoadTestError { LoadTestError(.invalidScenario, "stream \"\(name)\": \(text)") }
        guard !name.isEmpty, name.utf8.count <= 60 else { throw LoadTestError(.invalidScenario, "a stream needs a name of at most 60 characters") }
        if let rate, !(rate > 0 && rate <= LoadBounds.rate) { throw invalid("rate must be above 0 and at most \(Int(LoadBounds.rate)) a second") }
        guard (1...LoadBounds.connections).contains(concurrency) else { throw invalid("concurrency must be from 1 to \(LoadBounds.connections)") }
        guard messages != nil || duration != nil else { throw invalid("say how long: messages, duration, or both") }
        if let messages, !(1...LoadBounds.messages).contains(messages) { throw invalid("messages must be from 1 to \(LoadBounds.messages)") }
        for (key, value) in [("duration", duration), ("startAfter", startAfter)] {
            if let value, value.value > LoadBounds.milliseconds {
                throw invalid("\(key) must be at most \(Int(LoadBounds.milliseconds / 3_600_000)) h")
            }
        }
        guard (1...50).contains(recipients) else { throw invalid("recipients must be from 1 to 50, as SES takes them") }
        guard kinds.values.allSatisfy({ (0...1).contains($0) }), kinds.values.reduce(0, +) <= 1 else {
            throw invalid("the shares of kinds must be from 0 to 1, and not above 1 together")
        }
        guard kinds.keys.allSatisfy({ $0.utf8.count <= 20 && $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } }) else {
            throw invalid("a kind is a word of at most 20 small letters")
        }
        guard configurationSets.values.allSatisfy({ $0 > 0 }) else { throw invalid("weights of configurationSets must be above 0") }
        let isName = { (byte: UInt8) in (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D || byte == 0x5F }
        guard configurationSets.keys.allSatisfy({ (1...64).contains($0.utf8.count) && $0.utf8.allSatisfy(isName) }) else {
            throw invalid("names of configurationSets have 1 to 64 letters, digits, - and _")
        }
        guard from.utf8.contains(0x40), from.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw invalid("from is no address") }
        try domains.check(stream: name)
    }
}
