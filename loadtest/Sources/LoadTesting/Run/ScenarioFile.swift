import FoundationEssentials

/// Finds scenarios: those shipped with the program, and files.
package enum ScenarioFile {
    /// Name to text.
    package static let shipped: [String: [UInt8]] = [
        "trickle": PackageResources.trickle_json, "burst": PackageResources.burst_json,
        "transactional-during-bulk": PackageResources.transactional_during_bulk_json, "large-bodies": PackageResources.large_bodies_json,
        "mailbox-providers": PackageResources.mailbox_providers_json, "many-domains": PackageResources.many_domains_json,
        "slow-receivers": PackageResources.slow_receivers_json,
        "backlog": PackageResources.backlog_json, "kill-storm": PackageResources.kill_storm_json,
        "rolling-restart": PackageResources.rolling_restart_json, "provider-limits": PackageResources.provider_limits_json,
        "tarpits": PackageResources.tarpits_json, "soak": PackageResources.soak_json,
    ]

    /// Reads a shipped scenario by its name, or a file.
    ///
    /// - Throws: ``LoadTestError``.
    package static func load(_ name: String) throws(LoadTestError) -> LoadScenario {
        if let text = shipped[name] { return try LoadScenario(json: text, name: name) }
        guard let data = FileManager.default.contents(atPath: name) else {
            let names = shipped.keys.sorted().joined(separator: ", ")
            throw LoadTestError(.invalidScenario, "there is no scenario \"\(name)\", shipped or as a file. Shipped are \(names)")
        }
        return try LoadScenario(json: Array(data), name: name)
    }
}

extension LoadScenario {
    /// Domains of the senders.
    package var senderDomains: [String] {
        Set(streams.compactMap { $0.from.split(separator: "@").last.map(String.init) }).sorted()
    }

    /// How many accounts its streams use.
    package var accounts: Int { (streams.flatMap(\.accounts).max() ?? 0) + 1 }
}
