import ArgumentParser
import DNSServer
import LoadTesting
import MailSink
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport

/// `apus-loadtest sink`.
struct SinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "An SMTP server that takes everything and delivers nothing.",
        discussion: """
            Prints one line when it is ready, with the addresses it is bound to, and its counts at SIGINT or SIGTERM. With --scenario it plays many \
            mailbox providers, each on addresses of its own, and with --dns says where whose mail goes. \
            The files are described in loadtest/README.md; shipped are \(SinkFile.shipped.keys.sorted().joined(separator: ", ")).
            """)

    @Option(help: "HOST:PORT to listen on, [HOST]:PORT for IPv6, port 0 for a free one. May be repeated.")
    var listen: [ListenAddress] = [ListenAddress(host: "127.0.0.1", port: 2525)]

    @Option(help: "HOST:PORT to listen on with TLS from the first octet (as port 465). May be repeated.")
    var listenTLS: [ListenAddress] = []

    @Option(help: ArgumentHelp("Store each message in this folder: an .eml file and a .json file with its envelope.", valueName: "dir"))
    var store: String?

    @Option(help: ArgumentHelp("Answer by the rules in this file.", valueName: "file"))
    var respond: String?

    @Option(help: ArgumentHelp("Play the providers of a shipped scenario, or of a file. Replaces --listen and --respond.", valueName: "name"))
    var scenario: String?

    @Option(help: ArgumentHelp("First IPv4 address of the providers' addresses.", valueName: "address"))
    var baseAddress: String = "127.10.0.1"

    @Option(help: "Port of all providers; 0 takes a free one.")
    var port: Int = 2525

    @Option(help: ArgumentHelp("Answer MX, A and TXT for the providers at HOST:PORT; port 0 takes a free one.", valueName: "address"))
    var dns: ListenAddress?

    @Option(help: ArgumentHelp("Send the providers' DSNs and complaints to this SMTP server, HOST:PORT.", valueName: "address"))
    var reactionsTo: ListenAddress?

    @Option(
        help: ArgumentHelp(
            "Load images and follow links of what was delivered, at this HTTP server whatever host they name: HOST:PORT.", valueName: "address"))
    var visitAt: ListenAddress?

    @Flag(name: .customLong("i-own-this-target"), help: "--reactions-to and --visit-at are not on this machine, and you may load them.")
    var mayLeaveLoopback = false

    @Option(help: ArgumentHelp("Offer STARTTLS: \"self-signed\", or CERT,KEY with two PEM files.", valueName: "tls"))
    var tls: TLSArgument?

    @Option(help: "Name in greeting and EHLO reply.")
    var hostname: String = "sink.invalid"

    @Option(help: "Event loops; one per core when not given.")
    var loops: Int?

    @Option(help: "Largest message in octets.")
    var maxSize: Int = 50 << 20

    @Option(help: ArgumentHelp("Record what happens to each recipient in this file, for the account of a run.", valueName: "file"))
    var record: String?

    @Option(help: "Connections at most.")
    var maxConnections: Int = 20_000

    @Option(help: ArgumentHelp("Keep wrong accounts on purpose: drop=N, double=N or alter=N, one message in N.", visibility: .hidden))
    var sabotage: String?

    @Flag(help: "Count copies of each message by X-Load-Id, or Message-ID.")
    var countCopies = false

    @Flag(help: "Do not offer PIPELINING.")
    var noPipelining = false

    @Flag(help: "Do not offer CHUNKING.")
    var noChunking = false

    @Flag(help: "Print counts as JSON.")
    var jsonStats = false

    @Option(help: ArgumentHelp("Print counts every so many seconds.", valueName: "seconds"))
    var statsEvery: Int?

    func validate() throws {
        if let loops, !(1...1024).contains(loops) { throw ValidationError("--loops must be from 1 to 1024") }
        if maxSize < 1 { throw ValidationError("--max-size must be at least 1") }
        if maxConnections < 1 { throw ValidationError("--max-connections must be at least 1") }
        if let sabotage, Sabotage(sabotage) == nil { throw ValidationError("--sabotage takes drop=N, double=N or alter=N") }
        if let statsEvery, statsEvery < 1 { throw ValidationError("--stats-every must be at least 1") }
        if !listenTLS.isEmpty, tls == nil { throw ValidationError("--listen-tls needs --tls") }
        if !(0...65_535).contains(port) { throw ValidationError("--port must be from 0 to 65535") }
        if scenario != nil, respond != nil || !listenTLS.isEmpty {
            throw ValidationError("--scenario says itself what is answered where: leave out --respond and --listen-tls")
        }
        if scenario == nil, dns != nil || reactionsTo != nil || visitAt != nil {
            throw ValidationError("--dns, --reactions-to and --visit-at are for the providers of a --scenario")
        }
    }

    func run() async throws {
        let signals = StopSignals()
        FileLimit.raise()
        try await Failure.told {
            do {
                try await run(until: signals)
            } catch let error as IOError {
                throw ValidationError("cannot listen: \(error.description)")
            }
        }
    }

    private func run(until signals: StopSignals) async throws {
        let log = try record.map { try RecordLogWriter<Arrival>(path: $0) }
        let scenario = try scenario.map(SinkFile.load)
        let reactions = try scenario.flatMap(reactionSender)
        let sink: RunningSink
        if let scenario {
            sink = .providers(
                try await MailSinkFleet.start(
                    scenario, baseAddress: baseAddress, port: port, template: try sinkConfiguration(log, listeners: []), reactions: reactions))
        } else {
            let plain = try listen.map { SMTPListener(address: try $0.resolve()) }
            let encrypted = try listenTLS.map { SMTPListener(address: try $0.resolve(), isImplicitTLS: true) }
            sink = .oneServer(try await MailSink.start(try sinkConfiguration(log, listeners: plain + encrypted)))
        }
        let zone: DNSZoneServer?
        do {
            zone = try await startDNS(sink)
        } catch {
            await sink.stop(grace: .zero)
            throw error
        }
        Output.line("apus-loadtest sink: ready on \(sink.addresses.map(Self.describe).joined(separator: " "))")
        if let zone, let dns { Output.line("apus-loadtest sink: DNS on \(ListenAddress(host: dns.host, port: zone.port).defaultValueDescription)") }
        await withTaskGroup(of: Void.self) { group in
            if let statsEvery {
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(statsEvery))) != nil { report(sink) }
                }
            }
            if let log {
                log.flush()
                group.addTask {
                    // A reader follows the file: what happened is there a moment later, however little it was.
                    while (try? await Task.sleep(for: .milliseconds(100))) != nil { log.flush() }
                }
            }
            if let reactions { group.addTask { await reactions.run() } }
            await signals.wait()
            group.cancelAll()
        }
        await sink.stop(grace: .seconds(2))
        try? await zone?.stop()
        if visitAt != nil { await LinkVisitor.shutDown() }
        log?.flush()
        report(sink)
        if let log, !log.isIntact {
            throw LoadTestError(.damagedRecords, "the record file could not be written: its account is not complete. Is the disk full?")
        }
    }

    private func startDNS(_ sink: RunningSink) async throws -> DNSZoneServer? {
        guard let dns, case .providers(let fleet) = sink else { return nil }
        let server = try await DNSZoneServer.start(group: MultiThreadedEventLoopGroup.singleton, host: dns.host, port: dns.port)
        SinkZone.publish(fleet.routes, on: server)
        return server
    }

    /// nil when nobody reacts, or nothing says where to.
    private func reactionSender(_ scenario: MailSinkScenario) throws -> ReactionSender? {
        var configuration = ReactionSender.Configuration()
        configuration.mayLeaveMachine = mayLeaveLoopback
        if let reactionsTo {
            configuration.target = try LoopbackGuard.resolve(host: reactionsTo.host, port: reactionsTo.port, mayLeave: mayLeaveLoopback)
        } else if scenario.sendsReports {
            Output.error("apus-loadtest sink: DSNs and complaints are not sent, because no --reactions-to says where")
        }
        if let visitAt {
            _ = try LoopbackGuard.resolve(host: visitAt.host, port: visitAt.port, mayLeave: mayLeaveLoopback)
            let visitor = LinkVisitor(server: visitAt.defaultValueDescription)
            configuration.visit = { link, _ in await visitor.visit(link) }
        } else if scenario.visits {
            Output.error("apus-loadtest sink: no message is opened and no link followed, because no --visit-at says where")
        }
        guard configuration.target != nil || configuration.visit != nil else { return nil }
        return try ReactionSender(configuration)
    }

    private func sinkConfiguration(_ log: RecordLogWriter<Arrival>?, listeners: [SMTPListener]) throws -> MailSinkConfiguration {
        var configuration = MailSinkConfiguration(listeners: listeners)
        configuration.hostname = hostname
        configuration.storeDirectory = store
        configuration.loops = loops
        configuration.countsCopies = countCopies
        configuration.arrivals = log
        configuration.sabotage = sabotage.flatMap { Sabotage($0) }
        configuration.maximumConnections = maxConnections
        configuration.session.messageOctets = maxSize
        if noPipelining { configuration.session.extensions.remove(.pipelining) }
        if noChunking { configuration.session.extensions.remove(.chunking) }
        if let respond { configuration.rules = try MailSinkRules(contentsOfFile: respond) }
        switch tls {
        case nil: configuration.tls = .none
        case .selfSigned: configuration.tls = .selfSigned
        case .files(let certificate, let key): configuration.tls = .files(certificate: certificate, key: key)
        }
        return configuration
    }

    private func report(_ sink: RunningSink) {
        if jsonStats { SinkCounts.printJSON(sink) } else { SinkCounts.print(sink, copies: countCopies) }
    }

    private static func describe(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? "?"
        let port = address.port ?? 0
        return host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
