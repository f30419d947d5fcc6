/// The mail hosts of one destination in the order in which it wants them tried, and the site that they are.
package struct MailHosts: Hashable, Sendable {
    /// What the destination shares with others.
    package let site: Site
    /// The site's hosts by preference, best first; hosts in one group are equal and are tried in random order (RFC 5321 section 5.1).
    package let groups: [[String]]

    /// - Parameters:
    ///   - exchangers: host names in lower case, with their preference; lower is better. One named twice counts with its best.
    ///   - port: the port at every host.
    package init(exchangers: [(preference: Int, host: String)], port: Int) {
        var best: [String: Int] = [:]
        for entry in exchangers { best[entry.host] = min(best[entry.host] ?? entry.preference, entry.preference) }
        var byPreference: [Int: [String]] = [:]
        for (host, preference) in best { byPreference[preference, default: []].append(host) }
        self.groups = byPreference.sorted { $0.key < $1.key }.map { $0.value.sorted() }
        self.site = Site(hosts: best.keys, port: port)
    }

    /// One host.
    package init(host: String, port: Int, isRoute: Bool = false) {
        self.groups = [[host]]
        self.site = Site(hosts: CollectionOfOne(host), port: port, isRoute: isRoute)
    }

    /// The hosts in the order of one attempt.
    ///
    /// - Parameter generator: shuffles hosts of equal preference.
    package func order(using generator: inout some RandomNumberGenerator) -> [String] {
        self.groups.flatMap { $0.shuffled(using: &generator) }
    }
}
