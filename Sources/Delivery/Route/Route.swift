/// Where mail for some domains goes instead of to their mail exchangers.
package struct Route: Hashable, Sendable {
    /// Which domains.
    package enum Pattern: Hashable, Sendable {
        /// This domain alone.
        case exact(String)
        /// Every domain below this one, at any depth, and not the domain itself.
        case below(String)
        /// Every domain.
        case all
    }

    package var pattern: Pattern
    /// A host name in lower case, or an IP address without brackets.
    package var host: String
    /// 1…65535.
    package var port: Int

    package init(pattern: Pattern, host: String, port: Int) {
        self.pattern = pattern
        self.host = host
        self.port = port
    }

    /// Reads `PATTERN=HOST:PORT`.
    ///
    /// ```
    /// example.com=127.0.0.1:2525      this domain
    /// *.example.com=relay.lan:25      what is below it
    /// *=[::1]:2525                    everything else
    /// ```
    ///
    /// - Throws: ``RouteError`` that says what does not fit.
    package init(parsing text: String) throws(RouteError) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw RouteError(.missingTarget, "a route is PATTERN=HOST:PORT")
        }
        self.pattern = try Self.pattern(text.utf8[..<equals])
        let target = text.utf8[text.utf8.index(after: equals)...]
        guard let colon = target.lastIndex(of: UInt8(ascii: ":")) else { throw RouteError(.invalidPort, "a route's target is HOST:PORT") }
        guard let port = Int(String(Substring(target[target.index(after: colon)...]))), (1...65535).contains(port) else {
            throw RouteError(.invalidPort, "a route's port is a number from 1 to 65535")
        }
        var host = target[..<colon]
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(UInt8(ascii: ":")) {
            throw RouteError(.invalidHost, "an IPv6 address in a route stands in brackets: [::1]:25")
        }
        guard !host.isEmpty, host.count <= 255, host.allSatisfy(Self.mayStandInHost) else {
            throw RouteError(.invalidHost, "a route's host is a name or an IP address")
        }
        self.host = Self.lowercased(host)
        self.port = port
    }

    private static func pattern(_ text: Substring.UTF8View) throws(RouteError) -> Pattern {
        var name = text
        if name.elementsEqual("*".utf8) { return .all }
        let isBelow = name.starts(with: "*.".utf8)
        if isBelow { name = name.dropFirst(2) }
        if name.last == UInt8(ascii: ".") { name = name.dropLast() }
        guard !name.isEmpty, name.count <= 253, name.allSatisfy({ Self.mayStandInHost($0) && $0 != UInt8(ascii: ":") }),
            !name.starts(with: ".".utf8)
        else { throw RouteError(.invalidPattern, "a route's pattern is a domain, *.domain, or *") }
        let domain = Self.lowercased(name)
        return isBelow ? .below(domain) : .exact(domain)
    }

    private static func mayStandInHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func lowercased(_ bytes: Substring.UTF8View) -> String {
        String(decoding: bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
