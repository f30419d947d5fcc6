import ArgumentParser
import Foundation
import Logging
import NIOPosix

/// `apus serve`: the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the service: API, delivery and events in one process, on embedded backends.",
        discussion: """
            When it is ready it prints one line on standard output that names the bound address. SIGTERM or SIGINT stops it gracefully:
            open SMTP sessions are finished up to delivery.drain, everything else waits in the data folder.

            Settings come from these options, then APUS_… variables, then the file; `apus settings` lists them.
            """
    )

    @Option(name: .long, help: ArgumentHelp("The data folder; made when it does not exist.", valueName: "dir"))
    var data: String

    @Option(name: .long, help: ArgumentHelp("Where the SES API listens; port 0 takes a free one.", valueName: "host:port"))
    var http: String?

    @Option(name: .long, help: ArgumentHelp("PEM file of the certificate chain.", valueName: "file"))
    var tlsCert: String?

    @Option(name: .long, help: ArgumentHelp("PEM file of the private key.", valueName: "file"))
    var tlsKey: String?

    @Option(name: .long, help: ArgumentHelp("Send a domain's mail to a host of yours; may be repeated.", valueName: "pattern=host:port"))
    var route: [String] = []

    @Option(name: .long, help: ArgumentHelp("A JSON file of settings.", valueName: "file"))
    var config: String?

    func run() async throws {
        var flags: [String: String] = [:]
        flags["http.listen"] = self.http
        flags["http.tls.cert"] = self.tlsCert
        flags["http.tls.key"] = self.tlsKey
        if !self.route.isEmpty { flags["delivery.routes"] = self.route.joined(separator: ",") }
        let settings = try Settings(flags: flags, environment: ProcessInfo.processInfo.environment, file: self.config)
        let level = Logger.Level(rawValue: settings.logLevel) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        // C libraries and sockets outside NIO must not end the process by a write to a closed peer.
        signal(SIGPIPE, SIG_IGN)
        ProcessLimits.raiseOpenFiles()
        let path = URL(fileURLWithPath: self.data).path
        let logger = Logger(label: "apus")
        try await EmbeddedParts.withParts(settings: settings, folder: path, logger: logger) { parts in
            try await EmbeddedService(settings: settings, parts: parts, logger: logger).run()
        }
    }
}
