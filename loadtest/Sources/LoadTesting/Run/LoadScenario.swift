import FoundationEssentials
import MailSink

/// What a run does: the content of a scenario file. `docs/loadtest.md` describes it.
package struct LoadScenario: Sendable, Codable {
    /// Something done to the system, once or again and again.
    package struct Fault: Sendable, Codable, Hashable {
        package enum Action: String, Sendable, Codable, CaseIterable {
            /// SIGKILL, then a start on what is left.
            case kill
            /// An orderly end (SIGTERM), then a start.
            case restart
            /// SIGSTOP for ``lasts``, then SIGCONT.
            case stop
            /// Closes the connections between the system and the sink and takes no new one for ``lasts``.
            case cut
            /// Delays what goes between the system and the sink, each way by ``delay``, for ``lasts``.
            case slow
        }

        package var action: Action
        package var at: ScenarioNumber
        /// Further times, this long after one another.
        package var every: ScenarioNumber?
        package var times: Int
        package var lasts: ScenarioNumber?
        package var delay: ScenarioNumber?

        private enum CodingKeys: String, CodingKey, CaseIterable { case action, at, every, times, lasts, delay }

        package init(from decoder: any Decoder) throws {
            try StrictKeys.check(decoder, CodingKeys.self)
            let values = try decoder.container(keyedBy: CodingKeys.self)
            action = try values.decode(Action.self, forKey: .action)
            at = try values.decode(ScenarioNumber.self, forKey: .at)
            every = try values.decodeIfPresent(ScenarioNumber.self, forKey: .every)
            times = try values.decodeIfPresent(Int.self, forKey: .times) ?? 1
            lasts = try values.decodeIfPresent(ScenarioNumber.self, forKey: .lasts)
            delay = try values.decodeIfPresent(ScenarioNumber.self, forKey: .delay)
        }

        /// When it happens, in milliseconds after the load's begin.
        var moments: [Double] {
            let first = at.value
            return (0..<max(times, 1)).map { first + Double($0) * (every?.value ?? 0) }
        }
    }

    /// A condition on what a run finds.
    package struct Condition: Sendable, Codable, Hashable {
        /// `lost`, `doubled`, `altered`, `strangers`, `misreported`, `refused`, `inDoubt`, `partial`, `bounced`, `deferrals`, `late`, `answer.p99`, `delivery.p50`…, `total.max`, `rate`.
        package var measure: String
        /// Of one stream; nil of all together. For latencies, `late` and `rate`.
        package var stream: String?
        package var atMost: ScenarioNumber?
        package var atLeast: ScenarioNumber?
        /// Added to ``atMost`` for each fault that was injected.
        package var perFault: Double?

        private enum CodingKeys: String, CodingKey, CaseIterable { case measure, stream, atMost, atLeast, perFault }

        package init(measure: String, atMost: Double) {
            self.measure = measure
            self.atMost = ScenarioNumber(atMost)
        }

        package init(from decoder: any Decoder) throws {
            try StrictKeys.check(decoder, CodingKeys.self)
            let values = try decoder.container(keyedBy: CodingKeys.self)
            measure = try values.decode(String.self, forKey: .measure)
            stream = try values.decodeIfPresent(String.self, forKey: .stream)
            atMost = try values.decodeIfPresent(ScenarioNumber.self, forKey: .atMost)
            atLeast = try values.decodeIfPresent(ScenarioNumber.self, forKey: .atLeast)
            perFault = try values.decodeIfPresent(Double.self, forKey: .perFault)
        }
    }

    /// A pool of the system under test, of the whole installation.
    package struct Pool: Sendable, Codable, Hashable {
        /// Loopback addresses that its mail leaves from.
        package var addresses: [String]
        /// Configuration sets whose mail leaves through it.
        package var configurationSets: [String]

        private enum CodingKeys: String, CodingKey, CaseIterable { case addresses, configurationSets }

        package init(addresses: [String], configurationSets: [String]) {
            self.addresses = addresses
            self.configurationSets = configurationSets
        }

        package init(from decoder: any Decoder) throws {
            try StrictKeys.check(decoder, CodingKeys.self)
            let values = try decoder.container(keyedBy: CodingKeys.self)
            addresses = try values.decode([String].self, forKey: .addresses)
            configurationSets = try values.decode([String].self, forKey: .configurationSets)
        }
    }

    package var name: String
    package var summary: String
    package var streams: [LoadStream]
    /// By name.
    package var pools: [String: Pool]
    /// What the sink plays, as `loadtest/README.md` describes it: rules for one server, providers, or the name of a file of them; nil takes everything at
    /// once.
    package var sink: JSONValue?
    /// Settings of Apus by dotted name, beside those that a run needs.
    package var settings: [String: JSONValue]
    /// SMTP connections that the system may have to the sink at once.
    package var connections: Int
    package var faults: [Fault]
    /// How long what is accepted may take to end once the load is over.
    package var settle: ScenarioNumber
    package var conditions: [Condition]

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, summary, streams, pools, sink, settings, connections, faults, settle, conditions
    }

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        summary = try values.decode(String.self, forKey: .summary)
        streams = try values.decode([LoadStream].self, forKey: .streams)
        pools = try values.decodeIfPresent([String: Pool].self, forKey: .pools) ?? [:]
        sink = try values.decodeIfPresent(JSONValue.self, forKey: .sink)
        settings = try values.decodeIfPresent([String: JSONValue].self, forKey: .settings) ?? [:]
        connections = try values.decodeIfPresent(Int.self, forKey: .connections) ?? 20
        faults = try values.decodeIfPresent([Fault].self, forKey: .faults) ?? []
        settle = try values.decodeIfPresent(ScenarioNumber.self, forKey: .settle) ?? ScenarioNumber(120_000)
        conditions = try values.decodeIfPresent([Condition].self, forKey: .conditions) ?? Self.usualConditions
    }

    /// What every mail system must hold.
    package static let usualConditions = ["lost", "doubled", "altered", "strangers"].map { Condition(measure: $0, atMost: 0) }

    /// Reads a scenario.
    ///
    /// - Throws: ``LoadTestError`` that names the key.
    package init(json: [UInt8], name: String) throws(LoadTestError) {
        do {
            self = try JSONDecoder().decode(LoadScenario.self, from: Data(json))
            try check()
        } catch let error as LoadTestError {
            throw error
        } catch let error as DecodingError {
            throw LoadTestError(.invalidScenario, "scenario \(name): \(StrictKeys.explain(error))")
        } catch {
            throw LoadTestError(.invalidScenario, "scenario \(name) cannot be read")
        }
    }

    private func check() throws {
        func invalid(_ text: String) -> LoadTestError { LoadTestError(.invalidScenario, "scenario \(name): \(text)") }
        guard !streams.isEmpty, streams.count <= 64 else { throw invalid("needs from 1 to 64 streams") }
        guard Set(streams.map(\.name)).count == streams.count else { throw invalid("two streams have one name") }
        do {
            if try SinkPlan(sink).playsProviders, faults.contains(where: { $0.action == .cut || $0.action == .slow }) {
                throw invalid("cut and slow are for a sink that is one server, not for providers")
            }
        } catch let error as MailSinkError {
            throw invalid("sink: \(error.message)")
        }
        let pooled = pools.values.flatMap(\.configurationSets)
        guard Set(pooled).count == pooled.count else { throw invalid("a configuration set is in two pools") }
        guard pools.values.flatMap(\.addresses).allSatisfy({ $0.hasPrefix("127.") }) else { throw invalid("pools have addresses of 127.0.0.0/8") }
        guard (1...10_000).contains(connections) else { throw invalid("connections must be from 1 to 10000") }
        for fault in faults {
            guard (1...10_000).contains(fault.times), fault.times == 1 || (fault.every?.value ?? 0) > 0 else {
                throw invalid("a fault happens from 1 to 10000 times, and has \"every\" when it happens several times")
            }
            if fault.action == .slow, fault.delay == nil { throw invalid("slow needs a delay") }
        }
        for condition in conditions {
            guard condition.atMost != nil || condition.atLeast != nil else {
                throw invalid("condition \(condition.measure): needs atMost or atLeast")
            }
            guard ConditionCheck.isMeasure(condition.measure) else { throw invalid("there is no measure \"\(condition.measure)\"") }
            if let stream = condition.stream, !streams.contains(where: { $0.name == stream }) { throw invalid("there is no stream \"\(stream)\"") }
        }
    }

    /// Makes it shorter or longer.
    ///
    /// - Parameters:
    ///   - messages: of every stream at most.
    ///   - milliseconds: of every stream at most, and the time after which no fault is injected.
    package mutating func limit(messages: Int?, milliseconds: Double?) {
        for index in streams.indices {
            if let messages { streams[index].messages = min(messages, streams[index].messages ?? .max) }
            if let milliseconds { streams[index].duration = ScenarioNumber(min(milliseconds, streams[index].durationMilliseconds ?? .infinity)) }
        }
        guard let milliseconds else { return }
        faults = faults.compactMap { fault in
            var fault = fault
            fault.times = fault.moments.count { $0 < milliseconds }
            return fault.times > 0 ? fault : nil
        }
    }
}
