/// Where mail for one or many domains goes: an ordered set of mail hosts. Destinations with equal sites share lanes, connections and limits.
package struct Site: Hashable, Sendable {
    /// The hosts by preference, best first; hosts in one group are equal and are tried in random order (RFC 5321 section 5.1). Names are
    /// sorted inside a group, so that the same set is the same site however DNS ordered it.
    package let groups: [[String]]
    /// The port at every host.
    package let port: Int
    /// An operator's route: its hosts may be addresses, and are trusted to be meant.
    package let isRoute: Bool

    /// - Parameters:
    ///   - exchangers: host names in lower case or IP addresses, with their preference; lower is better.
    ///   - port: the port at every host.
    package init(exchangers: [(preference: Int, host: String)], port: Int) {
        var byPreference: [Int: Set<String>] = [:]
        // A host named twice counts with its best preference.
        var best: [String: Int] = [:]
        for entry in exchangers { best[entry.host] = min(best[entry.host] ?? entry.preference, entry.preference) }
        for (host, preference) in best { byPreference[preference, default: []].insert(host) }
        self.groups = byPreference.sorted { $0.key < $1.key }.map { $0.value.sorted() }
        self.port = port
        self.isRoute = false
    }

    /// One host.
    package init(host: String, port: Int, isRoute: Bool = false) {
        self.groups = [[host]]
        self.port = port
        self.isRoute = isRoute
    }

    /// The site as operators see it: `mx1.example.net,mx2.example.net;backup.example.net:25`.
    package var name: String {
        self.groups.map { $0.joined(separator: ",") }.joined(separator: ";") + ":\(self.port)"
    }

    /// The hosts in the order of one attempt.
    ///
    /// - Parameter generator: shuffles hosts of equal preference.
    package func order(using generator: inout some RandomNumberGenerator) -> [String] {
        self.groups.flatMap { $0.shuffled(using: &generator) }
    }
}
