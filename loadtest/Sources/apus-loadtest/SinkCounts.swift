import MailSink

/// The counts that `sink` prints.
enum SinkCounts {
    private struct Providers: Encodable {
        var total: MailSinkStatistics
        var providers: [String: MailSinkStatistics]
        var reactions: ReactionStatistics?
    }

    static func printJSON(_ sink: RunningSink) {
        switch sink {
        case .oneServer(let sink): Output.json(sink.statistics)
        case .providers(let fleet):
            Output.json(Providers(total: fleet.total, providers: fleet.statistics, reactions: fleet.reactionStatistics))
        }
    }

    /// - Parameter copies: whether copies are counted.
    static func print(_ sink: RunningSink, copies: Bool) {
        let total = sink.total
        Output.line("apus-loadtest sink: \(text(total, copies: copies))")
        guard case .providers(let fleet) = sink else { return }
        let statistics = fleet.statistics
        for name in fleet.names {
            guard let own = statistics[name], own.connections > 0 else { continue }
            Output.line("  \(name): \(text(own, copies: copies))")
        }
        if let reactions = fleet.reactionStatistics { Output.line("  reactions: \(text(reactions))") }
    }

    private static func text(_ statistics: MailSinkStatistics, copies: Bool) -> String {
        var line = "messages \(statistics.messages), recipients \(statistics.recipients), octets \(statistics.octets), "
        line += "refused \(statistics.refusedMessages), connections \(statistics.connections) (open \(statistics.openConnections))"
        if copies {
            line += ", ids \(statistics.distinctIDs), duplicates \(statistics.duplicateMessages), without id \(statistics.uncountedMessages)"
        }
        for (rule, count) in statistics.rules.sorted(by: { $0.key < $1.key }) { line += ", rule \(rule) \(count)" }
        for (limit, count) in statistics.limits.sorted(by: { $0.key < $1.key }) { line += ", limit \(limit) \(count)" }
        return line
    }

    private static func text(_ statistics: ReactionStatistics) -> String {
        var parts: [String] = []
        for (name, counts) in [
            ("DSNs", statistics.dsn), ("complaints", statistics.complaint), ("opens", statistics.open), ("clicks", statistics.click),
        ] {
            parts.append("\(name) \(counts.played) (dropped \(counts.dropped), failed \(counts.failed))")
        }
        return (parts + ["waiting \(statistics.pending)"]).joined(separator: ", ")
    }
}
