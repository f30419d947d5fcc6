import ArgumentParser
import MailSink
import NIOCore
import SMTPProtocol
import SMTPTransport

/// `apus-loadtest sink`.
struct SinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "An SMTP server that takes everything and delivers nothing.",
        discussion: """
            Prints one line when it is ready, with the addresses it is bound to, and its counts at SIGINT or SIGTERM. \
            The rules file is described in loadtest/README.md.
            """)

    @Option(help: "HOST:PORT to listen on, [HOST]:PORT for IPv6, port 0 for a free one. May be repeated.")
    var listen: [ListenAddress] = [ListenAddress(host: "127.0.0.1", port: 2525)]

    @Option(help: "HOST:PORT to listen on with TLS from the first octet (as port 465). May be repeated.")
    var listenTLS: [ListenAddress] = []

    @Option(help: ArgumentHelp("Store each message in this folder: an .eml file and a .json file with its envelope.", valueName: "dir"))
    var store: String?

    @Option(help: ArgumentHelp("Answer by the rules in this file.", valueName: "file"))
    var respond: String?

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
    }

    func run() async throws {
        let signals = StopSignals()
        FileLimit.raise()
        let sink: MailSink
        let log: RecordLogWriter<Arrival>?
        do {
            log = try record.map { try RecordLogWriter(path: $0) }
            sink = try await MailSink.start(try sinkConfiguration(log))
        } catch let error as MailSinkError {
            throw ValidationError(error.description)
        } catch let error as IOError {
            throw ValidationError("cannot listen: \(error.description)")
        }
        let addresses = sink.addresses.map(Self.describe).joined(separator: " ")
        Output.line("apus-loadtest sink: ready on \(addresses)")
        await withTaskGroup(of: Void.self) { group in
            if let statsEvery {
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(statsEvery))) != nil { report(sink.statistics) }
                }
            }
            if let log {
                log.flush()
                group.addTask {
                    // A reader follows the file: what happened is there a moment later, however little it was.
                    while (try? await Task.sleep(for: .milliseconds(100))) != nil { log.flush() }
                }
            }
            await signals.wait()
            group.cancelAll()
        }
        await sink.stop(grace: .seconds(2))
        log?.flush()
        report(sink.statistics)
        if let log, !log.isIntact { throw ValidationError("the record file could not be written: its account is not complete") }
    }

    private func sinkConfiguration(_ log: RecordLogWriter<Arrival>?) throws -> MailSinkConfiguration {
        let plain = try listen.map { SMTPListener(address: try $0.resolve()) }
        let encrypted = try listenTLS.map { SMTPListener(address: try $0.resolve(), isImplicitTLS: true) }
        var configuration = MailSinkConfiguration(listeners: plain + encrypted)
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

    private func report(_ statistics: MailSinkStatistics) {
        if jsonStats {
            Output.json(statistics)
            return
        }
        var line = "apus-loadtest sink: messages \(statistics.messages), recipients \(statistics.recipients), octets \(statistics.octets), "
        line += "refused \(statistics.refusedMessages), connections \(statistics.connections) (open \(statistics.openConnections))"
        if countCopies {
            line += ", ids \(statistics.distinctIDs), duplicates \(statistics.duplicateMessages), without id \(statistics.uncountedMessages)"
        }
        for (rule, count) in statistics.rules.sorted(by: { $0.key < $1.key }) { line += ", rule \(rule) \(count)" }
        Output.line(line)
    }

    private static func describe(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? "?"
        let port = address.port ?? 0
        return host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
