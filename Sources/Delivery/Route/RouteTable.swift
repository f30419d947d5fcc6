/// The routes in force: a domain's own route before that of the nearest parent, before the one for all.
package struct RouteTable: Sendable {
    private var exact: [String: Route] = [:]
    private var below: [String: Route] = [:]
    private var all: Route?

    /// No routes: mail goes by MX.
    package init() {}

    /// - Throws: ``RouteError`` with ``RouteError/Code/duplicate`` when two routes have the same pattern.
    package init(_ routes: [Route]) throws(RouteError) {
        for route in routes {
            let old: Route? =
                switch route.pattern {
                case .exact(let domain): self.exact.updateValue(route, forKey: domain)
                case .below(let domain): self.below.updateValue(route, forKey: domain)
                case .all: self.replaceAll(route)
                }
            guard old == nil else { throw RouteError(.duplicate, "two routes have the same pattern") }
        }
    }

    /// The route of a domain; nil where mail goes by MX.
    ///
    /// - Parameter domain: lower case, A-labels.
    package func route(for domain: String) -> Route? {
        if self.exact.isEmpty, self.below.isEmpty { return self.all }
        if let route = self.exact[domain] { return route }
        if !self.below.isEmpty {
            var rest = Substring(domain)
            while let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) {
                rest = rest[rest.utf8.index(after: dot)...]
                if let route = self.below[String(rest)] { return route }
            }
        }
        return self.all
    }

    private mutating func replaceAll(_ route: Route) -> Route? {
        defer { self.all = route }
        return self.all
    }
}
