import Delivery
import DNSResolver
import Testing

@Suite struct RouteTests {
    @Test func patterns() throws {
        let table = try RouteTable([
            Route(parsing: "example.com=127.0.0.1:2525"), Route(parsing: "*.example.com=relay.lan:25"), Route(parsing: "*=[::1]:2526"),
            Route(parsing: "*.deep.example.com=Deep.LAN:2000"),
        ])
        #expect(table.route(for: "example.com") == Route(pattern: .exact("example.com"), host: "127.0.0.1", port: 2525))
        #expect(table.route(for: "a.b.example.com")?.host == "relay.lan")
        #expect(table.route(for: "x.deep.example.com")?.host == "deep.lan")
        #expect(table.route(for: "deep.example.com")?.host == "relay.lan")
        #expect(table.route(for: "example.org") == Route(pattern: .all, host: "::1", port: 2526))
        #expect(try RouteTable([Route(parsing: "Example.COM.=h:1")]).route(for: "example.com")?.port == 1)
        #expect(RouteTable().route(for: "example.com") == nil)
    }

    @Test(arguments: [
        ("example.com", RouteError.Code.missingTarget), ("=h:25", .invalidPattern), ("a b=h:25", .invalidPattern),
        ("*.*.a=h:25", .invalidPattern), ("example.com=h", .invalidPort), ("example.com=h:0", .invalidPort),
        ("example.com=h:65536", .invalidPort), ("example.com=:25", .invalidHost), ("example.com=::1:25", .invalidHost),
        ("example.com=h\r\n:25", .invalidHost), ("*..a=h:1", .invalidPattern),
    ])
    func faults(_ text: String, _ code: RouteError.Code) {
        #expect { try Route(parsing: text) } throws: { ($0 as? RouteError)?.code == code }
    }

    @Test func samePatternTwice() throws {
        let route = try Route(parsing: "*=h:25")
        #expect { try RouteTable([route, route]) } throws: { ($0 as? RouteError)?.code == .duplicate }
    }
}

@Suite struct SiteTests {
    @Test func sameExchangersAreOneSiteHoweverTheyArePreferred() {
        let one = MailHosts(exchangers: [(10, "b"), (10, "a"), (20, "c")], port: 25)
        let same = MailHosts(exchangers: [(5, "a"), (5, "b"), (7, "c"), (9, "a")], port: 25)
        #expect(one == same)
        #expect(one.groups == [["a", "b"], ["c"]])
        #expect(one.site.name == "a,b,c:25")
        // Another order of the same hosts: the same site, tried otherwise.
        let turned = MailHosts(exchangers: [(1, "c"), (2, "b"), (3, "a")], port: 25)
        #expect(turned != one && turned.site == one.site)
        #expect(turned.groups == [["c"], ["b"], ["a"]])
        #expect(MailHosts(exchangers: [(10, "b"), (10, "a")], port: 25).site != one.site)
        #expect(MailHosts(exchangers: [(10, "b"), (10, "a"), (20, "c")], port: 2525).site != one.site)
        #expect(MailHosts(host: "a", port: 25).site != MailHosts(host: "a", port: 25, isRoute: true).site)
    }

    /// A name is a label of limits and a line of a table: however many hosts there are, it is short, and tells sets apart.
    @Test func longNameIsCutAndStillTellsSitesApart() {
        let hosts = (10..<40).map { "exchanger-number-\($0).mail.example.net" }
        let one = Site(hosts: hosts, port: 25).name
        #expect(one == Site(hosts: hosts.reversed(), port: 25).name)
        #expect(one.hasPrefix("exchanger-number-10.mail.example.net,exchanger-number-11.mail.example.net,+28#") && one.hasSuffix(":25"))
        #expect(one.utf8.count < 220)
        #expect(one != Site(hosts: hosts.dropLast() + ["other.example.net"], port: 25).name)
        let longest = (0..<3).map { String(repeating: "\($0)", count: 250) }
        #expect(Site(hosts: longest, port: 25).name.utf8.count < 220)
    }

    @Test func equalHostsAreTriedInAnyOrderAndWorseOnesLater() {
        let hosts = MailHosts(exchangers: [(10, "a"), (10, "b"), (20, "c")], port: 25)
        var generator = SystemRandomNumberGenerator()
        var first: Set<String> = []
        for _ in 0..<200 {
            let order = hosts.order(using: &generator)
            #expect(order.count == 3 && order.last == "c")
            first.insert(order[0])
        }
        #expect(first == ["a", "b"])
    }
}

@Suite struct SiteDirectoryTests {
    let resolver = ScriptedResolver()

    func directory(_ routes: RouteTable = RouteTable()) -> SiteDirectory {
        SiteDirectory(routes: routes, resolver: self.resolver, port: 25, clock: ManualClock())
    }

    @Test func exchangers() async {
        self.resolver.set("example.com", .mx, [.mx(preference: 20, host: "b.example.net"), .mx(preference: 10, host: "a.example.net")])
        let directory = self.directory()
        #expect(await directory.hosts(of: "example.com") == .hosts(MailHosts(exchangers: [(1, "a.example.net"), (2, "b.example.net")], port: 25)))
        #expect(await directory.hosts(of: "example.com") == .hosts(MailHosts(exchangers: [(1, "a.example.net"), (2, "b.example.net")], port: 25)))
        #expect(self.resolver.asked == 1)
    }

    @Test func routeComesFirst() async throws {
        let directory = self.directory(try RouteTable([Route(parsing: "*=127.0.0.1:2525")]))
        #expect(await directory.hosts(of: "example.com") == .hosts(MailHosts(host: "127.0.0.1", port: 2525, isRoute: true)))
        #expect(self.resolver.asked == 0)
    }

    @Test func domainWithoutExchangersIsItsOwn() async {
        self.resolver.set("example.com", .aaaa, [.address(IPAddress(bytes: Array(repeating: 1, count: 16))!)])
        #expect(await self.directory().hosts(of: "example.com") == .hosts(MailHosts(host: "example.com", port: 25)))
    }

    @Test(arguments: [
        (DNSError.Code.noSuchDomain, DeliveryFailure.Routing.noSuchDomain), (.temporaryFailure, .noAnswer), (.timeout, .noAnswer),
        (.bogus, .noAnswer), (.invalidName, .invalidDomain), (.malformedAnswer, .noAddress), (.noData, .noSuchDomain),
    ])
    func faults(_ code: DNSError.Code, _ routing: DeliveryFailure.Routing) async {
        self.resolver.set("example.com", .mx, code)
        self.resolver.set("example.com", .a, .noData)
        self.resolver.set("example.com", .aaaa, .noData)
        #expect(await self.directory().hosts(of: "example.com") == .failed(routing))
    }

    @Test func nullExchanger() async {
        self.resolver.set("example.com", .mx, [.mx(preference: 0, host: "")])
        #expect(await self.directory().hosts(of: "example.com") == .failed(.nullExchanger))
    }

    @Test func unansweredAddressOfImplicitSiteIsNoVerdict() async {
        self.resolver.set("example.com", .mx, .noData)
        self.resolver.set("example.com", .a, .timeout)
        self.resolver.set("example.com", .aaaa, .noData)
        #expect(await self.directory().hosts(of: "example.com") == .failed(.noAnswer))
    }
}
