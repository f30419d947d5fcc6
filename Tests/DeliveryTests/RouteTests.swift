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
    @Test func sameExchangersAreOneSite() {
        let one = Site(exchangers: [(10, "b"), (10, "a"), (20, "c")], port: 25)
        let other = Site(exchangers: [(5, "a"), (5, "b"), (7, "c"), (9, "a")], port: 25)
        #expect(one == other)
        #expect(one.name == "a,b;c:25")
        #expect(one != Site(exchangers: [(10, "a"), (20, "b"), (20, "c")], port: 25))
        #expect(one != Site(exchangers: [(10, "b"), (10, "a"), (20, "c")], port: 2525))
    }

    @Test func equalHostsAreTriedInAnyOrderAndWorseOnesLater() {
        let site = Site(exchangers: [(10, "a"), (10, "b"), (20, "c")], port: 25)
        var generator = SystemRandomNumberGenerator()
        var first: Set<String> = []
        for _ in 0..<200 {
            let order = site.order(using: &generator)
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
        #expect(await directory.site(of: "example.com") == .site(Site(exchangers: [(1, "a.example.net"), (2, "b.example.net")], port: 25)))
        #expect(await directory.site(of: "example.com") == .site(Site(exchangers: [(1, "a.example.net"), (2, "b.example.net")], port: 25)))
        #expect(self.resolver.asked == 1)
    }

    @Test func routeComesFirst() async throws {
        let directory = self.directory(try RouteTable([Route(parsing: "*=127.0.0.1:2525")]))
        #expect(await directory.site(of: "example.com") == .site(Site(host: "127.0.0.1", port: 2525, isRoute: true)))
        #expect(self.resolver.asked == 0)
    }

    @Test func domainWithoutExchangersIsItsOwn() async {
        self.resolver.set("example.com", .aaaa, [.address(IPAddress(bytes: Array(repeating: 1, count: 16))!)])
        #expect(await self.directory().site(of: "example.com") == .site(Site(host: "example.com", port: 25)))
    }

    @Test(arguments: [
        (DNSError.Code.noSuchDomain, DeliveryFailure.Routing.noSuchDomain), (.temporaryFailure, .noAnswer), (.timeout, .noAnswer),
        (.bogus, .noAnswer), (.invalidName, .invalidDomain), (.malformedAnswer, .noAddress), (.noData, .noSuchDomain),
    ])
    func faults(_ code: DNSError.Code, _ routing: DeliveryFailure.Routing) async {
        self.resolver.set("example.com", .mx, code)
        self.resolver.set("example.com", .a, .noData)
        self.resolver.set("example.com", .aaaa, .noData)
        #expect(await self.directory().site(of: "example.com") == .failed(routing))
    }

    @Test func nullExchanger() async {
        self.resolver.set("example.com", .mx, [.mx(preference: 0, host: "")])
        #expect(await self.directory().site(of: "example.com") == .failed(.nullExchanger))
    }

    @Test func unansweredAddressOfImplicitSiteIsNoVerdict() async {
        self.resolver.set("example.com", .mx, .noData)
        self.resolver.set("example.com", .a, .timeout)
        self.resolver.set("example.com", .aaaa, .noData)
        #expect(await self.directory().site(of: "example.com") == .failed(.noAnswer))
    }
}
