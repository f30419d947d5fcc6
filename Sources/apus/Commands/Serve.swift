import ArgumentParser
import ClusterBackends
import EmbeddedBackends
import Foundation
import Logging
import Metrics
import NIOPosix

/// `apus serve`: the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the service: all in one process on a data folder, or some roles of a cluster.",
        discussion: """
            With --data everything runs in one process on embedded backends. With --kafka, --redis and --postgres this process is one of a
            cluster: any number of each role; `apus cluster init` once before the first.

            When it is ready it prints one line on standard output that names the bound address. SIGTERM or SIGINT stops it gracefully:
            open SMTP sessions are finished up to delivery.drain, everything else waits in the data folder.

            Settings come from these options, then APUS_… variables, then the file; `apus settings` lists them.
            """
    )

    @Option(name: .long, help: ArgumentHelp("The data folder; made when it does not exist.", valueName: "dir"))
    var data: String?

    @Option(
        name: .long,
        help: ArgumentHelp("What this process of a cluster does: api, worker, mover, publisher; all by default.", valueName: "role,role"))
    var roles: String?

    @Option(name: .long, help: ArgumentHelp("Kafka's brokers.", valueName: "host:port,…"))
    var kafka: String?

    @Option(
        name: .long, help: ArgumentHelp("Redis; a password is better given as the variable APUS_REDIS_URL, which nobody sees.", valueName: "url"))
    var redis: String?

    @Option(
        name: .long,
        help: ArgumentHelp("PostgreSQL; a password is better given as the variable APUS_POSTGRES_URL, which nobody sees.", valueName: "url"))
    var postgres: String?

    @Flag(name: .long, help: "Allow topics with one replica, which lose accepted mail with one broker: for trying out only.")
    var unsafeSingleReplica = false

    @Option(name: .long, help: ArgumentHelp("Where GET /metrics, /livez and /readyz are answered.", valueName: "host:port"))
    var metrics: String?

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
        flags["roles"] = self.roles
        flags["kafka.brokers"] = self.kafka
        flags["redis.url"] = self.redis
        flags["postgres.url"] = self.postgres
        flags["metrics.listen"] = self.metrics
        if self.unsafeSingleReplica {
            flags["kafka.replicas"] = "1"
            flags["kafka.minimumInSyncReplicas"] = "1"
            flags["kafka.allowUnsafeReplicas"] = "true"
        }
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
        let metrics = PrometheusRegistry()
        // Before the first instrument: it lives in the backend that is there when it is made.
        if settings.metricsListen != nil { MetricsSystem.bootstrap(metrics) }
        let logger = Logger(label: "apus")
        switch (self.data, settings.cluster) {
        case (let data?, nil):
            let path = URL(fileURLWithPath: data).path
            guard settings.roles == Set(Role.allCases) || settings.roles == Role.embedded else {
                throw SettingsError(problems: ["a data folder belongs to one process, which has all roles: leave roles away"])
            }
            try await EmbeddedParts.withParts(settings: settings, folder: path, logger: logger) { parts, folder in
                try await ApusService(
                    settings: settings, parts: parts, roles: Role.embedded, controlSocketPath: folder.controlSocketPath, metrics: metrics,
                    logger: logger
                ).run()
            }
        case (nil, let cluster?):
            try await ClusterParts.withParts(settings: settings, cluster: cluster, logger: logger) { parts, engines in
                if try await engines.throttling.epoch() == nil {
                    logger.critical(
                        "Redis has no epoch: nothing is accepted or sent until `apus cluster init`, or after a loss `apus cluster release`")
                }
                try await ApusService(
                    settings: settings, parts: parts, roles: settings.roles, controlSocketPath: nil, metrics: metrics, logger: logger
                ).run()
            }
        case (nil, nil):
            throw ValidationError("Say where mail is kept: --data DIR, or --kafka, --redis and --postgres for a cluster.")
        case (_?, _?):
            throw ValidationError("--data is for an installation in one process, --kafka, --redis and --postgres for a cluster: give one.")
        }
    }
}
