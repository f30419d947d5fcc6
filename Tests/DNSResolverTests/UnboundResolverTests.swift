import DNSResolver
import DNSServer
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// Runs `body` with a zone on the loopback and a resolver that asks it.
func withResolver(
    _ configure: (inout UnboundResolver.Configuration) -> Void = { _ in },
    _ body: (DNSZoneServer, UnboundResolver) async throws -> Void
) async throws {
    let dns = try await DNSZoneServer.start(group: MultiThreadedEventLoopGroup.singleton)
    var configuration = UnboundResolver.Configuration(servers: [dns.address], validation: .off)
    configure(&configuration)
    let resolver = UnboundResolver(configuration: configuration)
    try resolver.start()
    do {
        try await body(dns, resolver)
    } catch {
        await resolver.close()
        try await dns.stop()
        throw error
    }
    await resolver.close()
    try await dns.stop()
}

extension UnboundResolver {
    /// The code of the error of a look-up, nil when there is none.
    func code(_ name: String, _ type: DNSRecordType = .mx) async -> DNSError.Code? {
        do throws(DNSError) {
            if type == .mx { _ = try await lookupMX(name) } else { _ = try await lookup(name, type) }
        } catch {
            return error.code
        }
        return nil
    }
}

@Suite("Resolver on a local DNS server", .timeLimit(.minutes(1)))
struct UnboundResolverTests {
    @Test("MX records come by preference, lower case, with their time to live")
    func mx() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.setTTL(120)
            dns.set("example.test", .mx(20, "B.example.test"), .mx(10, "a.Example.test"), .mx(20, "c.example.test"))
            let answer = try await resolver.lookupMX("Example.TEST.")
            #expect(answer.exchangers.map(\.preference) == [10, 20, 20])
            #expect(answer.exchangers.first?.host == "a.example.test")
            #expect(Set(answer.exchangers.map(\.host)) == ["a.example.test", "b.example.test", "c.example.test"])
            #expect(answer.ttl == 120)
            #expect(!answer.isNull && !answer.isSecure)
        }
    }

    @Test("a null MX is told apart from hosts, also beside one")
    func nullMX() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.set("none.test", .mx(0, ""))
            dns.set("odd.test", .mx(0, ""), .mx(10, "mx.odd.test"))
            #expect(try await resolver.lookupMX("none.test").isNull)
            let odd = try await resolver.lookupMX("odd.test")
            #expect(!odd.isNull)
            #expect(odd.exchangers.map(\.host) == ["mx.odd.test"])
        }
    }

    @Test("addresses of both families, text and aliases")
    func otherTypes() async throws {
        try await withResolver { (dns, resolver) async throws in
            let long = String(repeating: "0123456789", count: 60)
            dns.set("host.test", .a("192.0.2.1"), .a("192.0.2.2"), .aaaa("2001:db8::1"))
            dns.set("text.test", .txt("v=spf1 -all"), .txt(long))
            dns.set("alias.test", .cname("host.test"))
            #expect(try await Set(resolver.lookupA("host.test").map(\.description)) == ["192.0.2.1", "192.0.2.2"])
            #expect(try await resolver.lookupAAAA("host.test").map(\.description) == ["2001:db8::1"])
            #expect(try await Set(resolver.lookupTXT("text.test")) == [Array("v=spf1 -all".utf8), Array(long.utf8)])
            #expect(try await resolver.lookupCNAME("alias.test") == "host.test")
            let followed = try await resolver.lookup("alias.test", .a)
            #expect(followed.canonicalName == "host.test")
            #expect(followed.records.count == 2)
        }
    }

    @Test("absence and failure are told apart")
    func failures() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.set("here.test", .a("192.0.2.1"))
            dns.fail("broken.test", .serverFailure)
            dns.fail("refused.test", .refused)
            dns.set("garbled.test", .raw(type: 15, data: [0, 10, 5, 0x61]))
            #expect(await resolver.code("here.test") == .noData)
            #expect(await resolver.code("absent.test") == .noSuchDomain)
            #expect(await resolver.code("broken.test") == .temporaryFailure)
            #expect(await resolver.code("refused.test") == .temporaryFailure)
            #expect(await resolver.code("here.test", .cname) == .noData)
            let garbled = await resolver.code("garbled.test")
            #expect(garbled == .temporaryFailure || garbled == .malformedAnswer)
        }
    }

    /// The server's own rule, RFC 4592: what exists is not covered, and the nearest name above decides.
    @Test("a wildcard answers for what is not there")
    func wildcards() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.set("*.many.test", .mx(10, "mx.many.test"))
            dns.set("mx.many.test", .a("127.0.0.9"))
            dns.set("host.deep.many.test", .a("127.0.0.1"))
            #expect(try await resolver.lookupMX("d1.many.test").exchangers.map(\.host) == ["mx.many.test"])
            #expect(try await resolver.lookupMX("a.b.many.test").exchangers.map(\.host) == ["mx.many.test"])
            #expect(await resolver.code("mx.many.test") == .noData)
            #expect(await resolver.code("deep.many.test") == .noData)
            #expect(await resolver.code("other.deep.many.test") == .noSuchDomain)
            #expect(await resolver.code("elsewhere.test") == .noSuchDomain)
            // Once nothing is below it any more, the wildcard covers it again.
            dns.remove("host.deep.many.test")
            #expect(try await resolver.lookupMX("again.deep.many.test").exchangers.map(\.host) == ["mx.many.test"])
        }
    }

    @Test("absence says how long it holds")
    func negativeTTL() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.setTTL(77)
            do throws(DNSError) {
                _ = try await resolver.lookupMX("absent.test")
                Issue.record("found")
            } catch {
                #expect(error.ttl == 77)
            }
        }
    }

    static let names = [
        "", ".", "a..b", "-", "exa mple.test", "a\r\nb.test", "ü.test", "a\u{0}b.test", "*.test", "a/b.test",
        String(repeating: "a", count: 64) + ".test", String(repeating: "a.", count: 127) + "aa",
    ]

    @Test("what is no name is not asked", arguments: names)
    func invalidNames(name: String) async throws {
        try await withResolver { (dns, resolver) async throws in
            let result = await resolver.code(name)
            #expect(result == .invalidName || (name == "-" && result == .noSuchDomain))
            #expect(dns.queries.isEmpty || name == "-")
        }
    }

    @Test("names from the network that are no host names are left out")
    func hostileNames() async throws {
        try await withResolver { (dns, resolver) async throws in
            let spaced: [UInt8] = [0, 5, 3, 0x61, 0x20, 0x62, 0]
            let lineEnd: [UInt8] = [0, 5, 4, 0x61, 0x0D, 0x0A, 0x62, 0]
            let dotted: [UInt8] = [0, 5, 3, 0x61, 0x2E, 0x62, 0]
            dns.set(
                "odd.test", .raw(type: 15, data: spaced), .raw(type: 15, data: lineEnd), .raw(type: 15, data: dotted),
                .mx(10, "mx.odd.test"))
            dns.set("worse.test", .raw(type: 15, data: spaced))
            #expect(try await resolver.lookupMX("odd.test").exchangers.map(\.host) == ["mx.odd.test"])
            #expect(await resolver.code("worse.test") == .malformedAnswer)
        }
    }

    @Test("an answer too large for UDP is taken over TCP")
    func truncation() async throws {
        try await withResolver { (dns, resolver) async throws in
            for index in 0..<150 { dns.set("large.test", .mx(UInt16(index), "mx\(index).some-long-name.large.test")) }
            dns.set("flagged.test", .a("192.0.2.7"))
            dns.fail("flagged.test", .truncation)
            #expect(try await resolver.lookupMX("large.test").exchangers.count == 150)
            #expect(try await resolver.lookupA("flagged.test").count == 1)
            #expect(dns.queries.contains { $0.name == "large.test" && $0.isTCP })
        }
    }

    @Test("a server that does not answer ends at our deadline")
    func deadline() async throws {
        try await withResolver({ $0.timeout = .milliseconds(300) }) { (dns, resolver) async throws in
            dns.fail("silent.test", .silence)
            let clock = ContinuousClock()
            var result: DNSError.Code?
            let elapsed = await clock.measure {
                result = await resolver.code("silent.test")
            }
            #expect(result == .timeout)
            #expect(elapsed >= .milliseconds(300) && elapsed < .seconds(5))
        }
    }

    @Test("overlapping look-ups of one name are one question, a later one comes from the cache")
    func singleFlight() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.set("busy.test", .mx(10, "mx.busy.test"))
            // Long enough to overlap, and far below the time after which the resolver itself asks once more.
            dns.fail("busy.test", .delay(.milliseconds(30)))
            try await withThrowingTaskGroup(of: MXAnswer.self) { group in
                for _ in 0..<100 { group.addTask { try await resolver.lookupMX("busy.test") } }
                for try await answer in group { #expect(answer.exchangers.count == 1) }
            }
            _ = try await resolver.lookupMX("BUSY.test")
            #expect(dns.queryCount("busy.test", type: 15) == 1)
            _ = await resolver.code("absent.test")
            _ = await resolver.code("absent.test")
            #expect(dns.queryCount("absent.test", type: 15) == 1)
        }
    }

    @Test("many different look-ups at once all end")
    func many() async throws {
        try await withResolver { (dns, resolver) async throws in
            for index in 0..<500 { dns.set("d\(index).test", .mx(10, "mx\(index).test")) }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<500 {
                    group.addTask { try await resolver.lookupMX("d\(index).test").exchangers.first?.host == "mx\(index).test" }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("above the bound look-ups are refused at once")
    func bound() async throws {
        try await withResolver({
            $0.maximumPending = 2
            $0.timeout = .milliseconds(500)
        }) { (dns, resolver) async throws in
            dns.fail("a.test", .silence)
            let results = Mutex([DNSError.Code]())
            let collect: DNSResolving.Completion = { result in
                if case .failure(let error) = result { results.withLock { $0.append(error.code) } }
            }
            resolver.resolve("a.test", .mx, completion: collect)
            resolver.resolve("a.test", .mx, completion: collect)
            resolver.resolve("b.test", .mx, completion: collect)
            #expect(results.withLock { $0 } == [.overloaded])
        }
    }

    @Test("futures complete on the event loop that was named")
    func eventLoop() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.set("example.test", .mx(10, "mx.example.test"))
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let isThere = try await resolver.lookupMX("example.test", on: loop).map { _ in loop.inEventLoop }.get()
            #expect(isThere)
            await #expect(throws: DNSError.self) { try await resolver.lookupMX("absent.test", on: loop).get() }
        }
    }

    @Test("close ends what is under way, and nothing starts after it or before start")
    func close() async throws {
        try await withResolver { (dns, resolver) async throws in
            dns.fail("silent.test", .silence)
            async let pending = resolver.code("silent.test")
            while dns.queries.isEmpty { await Task.yield() }
            await resolver.close()
            #expect(await pending == .closed)
            #expect(await resolver.code("example.test") == .closed)
            await resolver.close()
        }
        let unstarted = UnboundResolver(configuration: .init(servers: ["127.0.0.1@9"]))
        #expect(await unstarted.code("example.test") == .closed)
        await unstarted.close()
    }

    @Test("a configuration that cannot be used says so at the start")
    func badConfiguration() async {
        var missingFile = UnboundResolver.Configuration(servers: ["127.0.0.1"])
        missingFile.validation = .anchorFile("/nonexistent/root.key")
        var badAnchor = UnboundResolver.Configuration(servers: ["127.0.0.1"])
        badAnchor.validation = .anchors(["nonsense"])
        var missingSystem = UnboundResolver.Configuration()
        missingSystem.upstream = .system(path: "/nonexistent/resolv.conf")
        let badServer = UnboundResolver.Configuration(servers: ["not an address"])
        for configuration in [missingFile, badAnchor, missingSystem, badServer] {
            let resolver = UnboundResolver(configuration: configuration)
            #expect(throws: DNSError.self) { try resolver.start() }
            await resolver.close()
        }
    }

    @Test("an unsigned answer below a trust anchor is bogus, in an insecure domain it is not")
    func bogus() async throws {
        try await withResolver({ $0.validation = .rootKeys }) { (dns, resolver) async throws in
            dns.set("example.test", .mx(10, "mx.example.test"))
            #expect(await resolver.code("example.test") == .bogus)
        }
        try await withResolver({
            $0.validation = .rootKeys
            $0.insecureDomains = ["test"]
        }) { (dns, resolver) async throws in
            dns.set("example.test", .mx(10, "mx.example.test"))
            #expect(try await !resolver.lookupMX("example.test").isSecure)
        }
    }

    @Test("a signed answer is secure, a changed one is bogus, an island beside it is neither")
    func secure() async throws {
        try await withResolver({ $0.validation = .anchors([SignedZone.anchor]) }) { (dns, resolver) async throws in
            SignedZone.serve(on: dns)
            dns.set("other.test", .mx(10, "mx.other.test"))
            let found = try await MailExchangerResolver(resolver: resolver).resolve("signed.test")
            #expect(found.isSecure)
            #expect(found.hosts.first?.addresses.map(\.description) == ["192.0.2.1"])
            #expect(try await !resolver.lookupMX("other.test").isSecure)
        }
        try await withResolver({ $0.validation = .anchors([SignedZone.anchor]) }) { (dns, resolver) async throws in
            SignedZone.serve(on: dns)
            dns.set("signed.test", .mx(5, "mx.evil.test"))
            #expect(await resolver.code("signed.test") == .bogus)
        }
    }
}
