import DNSResolver
import DNSServer
import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite("Mail exchangers of a domain, RFC 5321 §5.1")
struct MailExchangerResolverTests {
    private let dns = FakeResolver()

    private func address(_ bytes: UInt8...) throws -> DNSRecord { .address(try #require(IPAddress(bytes: bytes))) }

    private func resolve(
        _ domain: String, _ configure: (inout MailExchangerResolver.Configuration) -> Void = { _ in }
    ) async throws(MailExchangerError) -> MailExchangers {
        var configuration = MailExchangerResolver.Configuration()
        configure(&configuration)
        return try await MailExchangerResolver(resolver: dns, configuration: configuration).resolve(domain)
    }

    private func failure(_ domain: String) async -> MailExchangerError? {
        do throws(MailExchangerError) { _ = try await resolve(domain) } catch { return error }
        return nil
    }

    private let ipv6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

    @Test("hosts by preference, IPv4 before IPv6 or as told")
    func order() async throws {
        dns.set(
            "example.com", .mx, .mx(preference: 20, host: "b.example.com"), .mx(preference: 10, host: "a.example.com"),
            isSecure: true)
        dns.set("a.example.com", .a, try address(192, 0, 2, 1), try address(192, 0, 2, 2))
        dns.set("a.example.com", .aaaa, .address(try #require(IPAddress(bytes: ipv6))))
        dns.set("b.example.com", .a, try address(192, 0, 2, 3))
        let found = try await resolve("example.com")
        #expect(found.hosts.map(\.name) == ["a.example.com", "b.example.com"])
        #expect(found.hosts.first?.addresses.map(\.description) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"])
        #expect(!found.isImplicit && found.isSecure && found.ttl == 60)
        let ipv6First = try await resolve("example.com") { $0.ipv6 = .beforeIPv4 }
        #expect(ipv6First.hosts.first?.addresses.first?.isIPv6 == true)
        let ipv4Only = try await resolve("example.com") { $0.ipv6 = .never }
        #expect(ipv4Only.hosts.first?.addresses.count == 2)
    }

    @Test("equal preferences are shuffled, different ones are not; the same seed gives the same order")
    func shuffling() async throws {
        let names = ["a", "b", "c", "d", "e"]
        dns.set(
            "example.com", .mx, .mx(preference: 5, host: "first"), .mx(preference: 10, host: "a"),
            .mx(preference: 10, host: "b"), .mx(preference: 10, host: "c"), .mx(preference: 10, host: "d"),
            .mx(preference: 10, host: "e"), .mx(preference: 99, host: "last"))
        for name in names + ["first", "last"] { dns.set(name, .a, try address(192, 0, 2, 1)) }
        var orders = Set<[String]>()
        for seed in 0..<20 as Range<UInt64> {
            var generator = Counter(state: seed)
            var again = Counter(state: seed)
            let resolver = MailExchangerResolver(resolver: dns)
            let order = try await resolver.resolve("example.com", using: &generator).hosts.map(\.name)
            #expect(try await resolver.resolve("example.com", using: &again).hosts.map(\.name) == order)
            #expect(order.first == "first" && order.last == "last" && Set(order.dropFirst().dropLast()) == Set(names))
            orders.insert(order)
        }
        #expect(orders.count > 5)
    }

    @Test("without MX records the domain is its own host")
    func implicit() async throws {
        dns.fail("example.com", .mx, .noData)
        dns.set("example.com", .a, try address(192, 0, 2, 9))
        let found = try await resolve("Example.com".lowercased())
        #expect(found.isImplicit)
        #expect(found.hosts.map(\.name) == ["example.com"])
    }

    @Test("permanent: no such domain, null MX, nowhere to send to; each with its status")
    func permanent() async throws {
        dns.fail("absent.com", .mx, .noSuchDomain)
        dns.set("null.com", .mx, .mx(preference: 0, host: ""))
        dns.fail("nothing.com", .mx, .noData)
        dns.set("lost.com", .mx, .mx(preference: 10, host: "mx.lost.com"))
        dns.fail("mx.lost.com", .a, .noSuchDomain)
        dns.fail("mx.lost.com", .aaaa, .noSuchDomain)
        for (domain, code, status) in [
            ("absent.com", MailExchangerError.Code.noSuchDomain, "5.1.2"), ("null.com", .nullMX, "5.1.10"),
            ("nothing.com", .noUsableHost, "5.4.4"), ("lost.com", .noUsableHost, "5.4.4"),
            ("", .noUsableHost, "5.4.4"),
        ] {
            let error = await failure(domain)
            #expect(error?.code == code, "\(domain)")
            #expect(error?.enhancedStatus == status)
            #expect(error?.isPermanent == true)
        }
    }

    @Test(
        "transient: failures, time-outs and bogus answers, of the MX or of every host's addresses",
        arguments: [DNSError.Code.temporaryFailure, .timeout, .bogus, .overloaded, .closed])
    func transient(code: DNSError.Code) async throws {
        dns.fail("a.com", .mx, code)
        dns.fail("b.com", .mx, .noData)
        dns.fail("b.com", .a, code)
        dns.set("c.com", .mx, .mx(preference: 1, host: "x.c.com"), .mx(preference: 2, host: "y.c.com"))
        dns.fail("x.c.com", .a, .noSuchDomain)
        dns.fail("y.c.com", .aaaa, code)
        for domain in ["a.com", "b.com", "c.com"] {
            let error = await failure(domain)
            #expect(error?.code == .temporaryFailure, "\(domain)")
            #expect(error?.cause?.code == code)
            #expect(error?.isPermanent == false)
        }
    }

    @Test("one host that cannot be looked up does not hide the others")
    func partial() async throws {
        dns.set("example.com", .mx, .mx(preference: 1, host: "x.example.com"), .mx(preference: 2, host: "y.example.com"))
        dns.fail("x.example.com", .a, .timeout)
        dns.set("y.example.com", .a, try address(192, 0, 2, 1))
        #expect(try await resolve("example.com").hosts.map(\.name) == ["y.example.com"])
    }

    @Test("the loopback and addresses that are no host's are not used")
    func addresses() async throws {
        dns.set("example.com", .mx, .mx(preference: 1, host: "mx.example.com"))
        dns.set(
            "mx.example.com", .a, try address(127, 0, 0, 1), try address(0, 0, 0, 0), try address(224, 0, 0, 1),
            try address(255, 255, 255, 255))
        dns.set(
            "mx.example.com", .aaaa, try address(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
            try address(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1),
            try address(0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
        #expect(await failure("example.com")?.code == .noUsableHost)
        let local = try await resolve("example.com") { $0.allowsLoopback = true }
        #expect(local.hosts.first?.addresses.map(\.description) == ["127.0.0.1", "::1", "::ffff:7f00:1"])
    }

    @Test("hosts and addresses are bounded")
    func bounds() async throws {
        dns.set("example.com", .mx, .mx(preference: 1, host: "x"), .mx(preference: 2, host: "y"), .mx(preference: 3, host: "z"))
        for name in ["x", "y", "z"] { dns.set(name, .a, try address(192, 0, 2, 1), try address(192, 0, 2, 2)) }
        let found = try await resolve("example.com") {
            $0.maximumHosts = 2
            $0.maximumAddressesPerHost = 1
        }
        #expect(found.hosts.map(\.name) == ["x", "y"])
        #expect(found.hosts.allSatisfy { $0.addresses.count == 1 })
    }

    @Test("the whole way by a real look-up, to an address that can be connected to")
    func realLookup() async throws {
        try await withResolver { (zone, resolver) async throws in
            zone.set("example.test", .mx(10, "mx.example.test"))
            zone.set("mx.example.test", .a("127.0.0.1"))
            var configuration = MailExchangerResolver.Configuration()
            configuration.allowsLoopback = true
            let exchangers = MailExchangerResolver(resolver: resolver, configuration: configuration)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let found = try await exchangers.resolve("example.test", on: loop).get()
            let address = try #require(found.hosts.first?.addresses.first)
            #expect(try address.socketAddress(port: 25) == SocketAddress(ipAddress: "127.0.0.1", port: 25))
        }
    }

    @Test(
        "the recommended text form of addresses, RFC 5952",
        arguments: [
            ("::", [0, 0, 0, 0, 0, 0, 0, 0]), ("::1", [0, 0, 0, 0, 0, 0, 0, 1]), ("1::", [1, 0, 0, 0, 0, 0, 0, 0]),
            ("2001:db8::1:0:0:1", [0x2001, 0xDB8, 0, 0, 1, 0, 0, 1]), ("2001:db8:0:1:1:1:1:1", [0x2001, 0xDB8, 0, 1, 1, 1, 1, 1]),
            ("1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]), ("0:1::", [0, 1, 0, 0, 0, 0, 0, 0]),
        ] as [(String, [UInt16])])
    func textForm(text: String, groups: [UInt16]) {
        let bytes = groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(IPAddress(bytes: bytes)?.description == text)
    }

    private struct Counter: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 33)
        }
    }
}
