internal import ApusCore

/// A set of mail hosts and the port they take mail at. Destinations with the same mail exchangers are one site: they share lanes,
/// connections and limits, whatever preferences each of them gives the hosts.
package struct Site: Hashable, Sendable {
    /// Names in lower case or IP addresses, sorted, each once.
    package let hosts: [String]
    /// The port at every host.
    package let port: Int
    /// An operator's route: its hosts may be addresses, and are trusted to be meant.
    package let isRoute: Bool

    /// - Parameters:
    ///   - hosts: in any order.
    ///   - port: the port at every host.
    ///   - isRoute: whether an operator chose them.
    package init(hosts: some Collection<String>, port: Int, isRoute: Bool = false) {
        self.hosts = hosts.count == 1 ? Array(hosts) : Set(hosts).sorted()
        self.port = port
        self.isRoute = isRoute
    }

    /// The most octets of ``name``: a domain's owner may publish as many exchangers as an answer holds.
    private static let longestName = 200
    /// Hosts that a shortened name spells out.
    private static let spelledHosts = 2

    /// The site as operators, metrics and shared limits know it, the same in every process: `mx1.example.net,mx2.example.net:25`. A long one
    /// is cut and ends in a digest of the whole: `a.example.net,b.example.net,+14#9f86d081884c7d65:25`.
    package var name: String {
        let whole = self.hosts.joined(separator: ",")
        guard whole.utf8.count > Self.longestName else { return "\(whole):\(self.port)" }
        let digest = String(Array(whole.utf8).withUnsafeBytes { XXHash64.hash($0) }, radix: 16)
        let spelled = self.hosts.prefix(Self.spelledHosts).filter { $0.utf8.count <= Self.longestName / 3 }
        return (spelled + ["+\(self.hosts.count - spelled.count)#\(digest)"]).joined(separator: ",") + ":\(self.port)"
    }
}
