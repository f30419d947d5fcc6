import ApusCore
import ApusSchema
import Backends
import ControlPlane
import Crypto
import DNSResolver
import Delivery
import Events
import Foundation
import Intake
import Logging
import MailAuthentication
import NIOCore
import NIOPosix
import NIOSSL
import SESInterface
import SMTPProtocol
import ServiceLifecycle
import UnixSignals

/// The roles of one process, on the parts of an installation.
struct ApusService {
    let settings: Settings
    let parts: ServiceParts
    let roles: Set<Role>
    /// Where commands reach the process; nil in a cluster, whose commands go to its engines.
    let controlSocketPath: String?
    let metrics: PrometheusRegistry
    let logger: Logger

    /// Serves until SIGTERM or SIGINT, and then stops in order: the API first, delivery last.
    func run() async throws {
        let threads = self.settings.threads ?? System.coreCount
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let resolver = UnboundResolver(configuration: self.resolverConfiguration)
        try resolver.start()
        let verificationResolver = UnboundResolver(configuration: self.verificationResolverConfiguration)
        if self.roles.contains(.api) { try verificationResolver.start() }
        let signingPool = DKIMSigningPool()
        try signingPool.start()
        let result: Result<Void, any Error>
        do {
            try await self.serve(
                eventLoops: eventLoops, resolver: resolver, verificationResolver: verificationResolver, signingPool: signingPool)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await signingPool.close()
        await verificationResolver.close()
        await resolver.close()
        try await eventLoops.shutdownGracefully()
        try result.get()
    }

    private func serve(
        eventLoops: MultiThreadedEventLoopGroup, resolver: UnboundResolver, verificationResolver: UnboundResolver, signingPool: DKIMSigningPool
    ) async throws {
        // The group stops its services in the opposite order: first no new mail, last nobody to deliver it.
        var services = self.parts.upkeep + [self.parts.controlPlane, self.parts.queues]
        if self.roles.contains(.worker) {
            services.append(try self.worker(eventLoops: eventLoops, resolver: resolver, signingPool: signingPool))
        }
        if self.roles.contains(.mover) {
            services += [
                BodyReclaimer(bodies: self.parts.bodies, logger: self.logger),
                Mover(bus: self.parts.bus, configuration: MoverConfiguration(delays: self.settings.delivery.tiers), logger: self.logger),
                Splitter(bus: self.parts.bus, logger: self.logger),
            ]
        }
        services += self.queueMetrics
        if self.roles.contains(.publisher) { services.append(EventPublisher(bus: self.parts.bus, logger: self.logger)) }
        if let path = self.controlSocketPath {
            let handler = AdminHandler(parts: self.parts, settings: self.settings, workers: self.parts.throttling)
            // The lock on the folder is ours, so a socket that lies there belongs to nobody.
            unlink(path)
            services.append(ControlSocketServer(path: path, handler: handler, logger: self.quietLogger))
        }
        if let listen = self.settings.metricsListen {
            services.append(MetricsServer(listen: listen, registry: self.metrics, isReady: self.isReady(resolver), logger: self.quietLogger))
        }
        if self.roles.contains(.api) {
            services.append(IdentityVerifier(controlPlane: self.parts.controlPlane, resolver: verificationResolver))
            services.append(try self.api(eventLoops: eventLoops, resolver: resolver))
        } else {
            Self.say("ready roles=\(self.roles.map(\.rawValue).sorted().joined(separator: ","))")
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: self.quietLogger))
        try await group.run()
        if let path = self.controlSocketPath { unlink(path) }
        self.logger.info("stopped")
    }

    /// The line that scripts wait for.
    private static func say(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data("apus: \(text)\n".utf8))
    }

    private func isReady(_ resolver: UnboundResolver) -> @Sendable () async -> Bool {
        let areBackendsReady = self.parts.isReady
        return {
            guard resolver.isRunning else { return false }
            return await areBackendsReady()
        }
    }

    /// What a mover shows of waiting mail, and a publisher of events.
    private var queueMetrics: [QueueMetrics] {
        guard self.roles.contains(.mover) || self.roles.contains(.publisher) else { return [] }
        let dead = DeadLetters(bus: self.parts.bus, reportingMTA: self.settings.delivery.ehlo, defaultLifetime: self.settings.sending.maximumAge)
        return [
            QueueMetrics(
                queue: QueueReader(parts: self.parts, dead: dead, workers: self.parts.throttling), showsMail: self.roles.contains(.mover),
                showsEvents: self.roles.contains(.publisher), areTopicsShown: self.settings.metricsListen != nil, logger: self.logger)
        ]
    }

    private func worker(
        eventLoops: MultiThreadedEventLoopGroup, resolver: UnboundResolver, signingPool: DKIMSigningPool
    ) throws -> DeliveryWorker {
        let delivery = self.settings.delivery
        let queues = self.parts.queues
        let pools: Set<String>? = delivery.pools.isEmpty ? nil : Set(delivery.pools)
        var configuration = DeliveryConfiguration(
            topics: { [controlPlane = self.parts.controlPlane] in
                let served = pools.map { controlPlane.queues(ofPools: $0).intersection(queues.queues) } ?? queues.queues
                return Set(served.flatMap(Topics.outbound(queue:)))
            }, helloName: delivery.ehlo)
        configuration.port = delivery.port
        configuration.tlsPolicy = SMTPTLSPolicy(rawValue: delivery.tls) ?? .opportunistic
        configuration.retry = RetryPlan(schedule: delivery.retry)
        configuration.ladder = DelayLadder(delays: delivery.tiers)
        configuration.defaultLifetime = self.settings.sending.maximumAge
        configuration.lanes.connections = delivery.connectionsPerSite
        configuration.pools = pools
        configuration.lanes.initialConnections = min(configuration.lanes.initialConnections, delivery.connectionsPerSite)
        configuration.lanes.messagesPerConnection = delivery.messagesPerConnection
        configuration.laneBounds.connections = delivery.maximumConnections
        configuration.laneBounds.lanes = delivery.maximumLanes
        configuration.lanes.idleTimeout = delivery.timeouts.idle
        configuration.dialer.allowsLoopback = delivery.allowLoopback
        configuration.drainDeadline = delivery.drain
        configuration.ledger.octets = delivery.memory
        // With one partition a bound of its own would only halve the memory that was given.
        if self.parts.topics.partitions == 1 { configuration.ledger.octetsPerPartition = delivery.memory }
        var session = SMTPClientSession.Configuration(helloName: delivery.ehlo)
        session.tlsPolicy = configuration.tlsPolicy
        var timeouts = SMTPTimeouts()
        timeouts.connect = delivery.timeouts.connect
        timeouts.banner = delivery.timeouts.banner
        timeouts.hello = delivery.timeouts.ehlo
        timeouts.startTLS = delivery.timeouts.startTLS
        timeouts.tlsHandshake = delivery.timeouts.startTLS
        timeouts.mail = delivery.timeouts.mail
        timeouts.recipient = delivery.timeouts.rcpt
        timeouts.data = delivery.timeouts.data
        timeouts.content = delivery.timeouts.body
        timeouts.finalDot = delivery.timeouts.finalDot
        let controlPlane = self.parts.controlPlane
        // Where the entrance rejects what is above the rate, it has taken the tokens already.
        let isPacing = !self.settings.sending.rejectsAboveRate
        return DeliveryWorker(
            id: WorkerID("\(ProcessInfo.processInfo.hostName.prefix(24))-\(getpid())-\(UInt32.random(in: .min ... .max))"),
            configuration: configuration, bus: self.parts.bus, throttling: self.parts.throttling, bodies: self.parts.bodies,
            resolver: resolver, opener: try SMTPSessionOpener(session: session, timeouts: timeouts),
            routes: try RouteTable(delivery.routes.map { text in try Route(parsing: text) }),
            signers: { domain, account in
                try await controlPlane.signingKeys(domain: domain, account: account).map { key in
                    try DKIMSigner(domain: key.domain, selector: key.selector, key: key.key)
                }
            },
            signingPool: signingPool,
            accountLimit: { account in
                guard isPacing else { return nil }
                return controlPlane.account(account).map { account in
                    // A message of fifty recipients costs fifty, whatever the rate: the burst has room for it, as at the entrance.
                    RateLimit(
                        perSecond: account.maximumSendRate,
                        burst: max(Int(account.maximumSendRate.rounded(.up)), OutboundRecord.maximumRecipients))
                }
            },
            sourcePool: { account, name in
                controlPlane.effectivePool(name, account: account).map { pool in
                    SourcePool(
                        id: pool.id,
                        sources: pool.addresses.compactMap { entry in
                            SourceAddress(entry.address).map { SourcePool.Source(address: $0, weight: entry.weight) }
                        })
                }
            },
            eventLoopGroup: eventLoops, logger: self.logger)
    }

    /// Reads a PEM file that a setting names.
    private static func pem<Value>(_ setting: String, _ path: String, _ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch {
            throw SettingsError(problems: ["\(setting): \(path) is not there, may not be read, or is no PEM file of the kind that is wanted"])
        }
    }

    private func api(eventLoops: MultiThreadedEventLoopGroup, resolver: UnboundResolver) throws -> SESServer {
        let http = self.settings.http
        let sending = self.settings.sending
        let intake = Intake(
            controlPlane: self.parts.controlPlane, bus: self.parts.bus, bodies: self.parts.bodies, throttling: self.parts.throttling,
            budget: ByteBudget(limit: sending.messageBudget),
            configuration: Intake.Configuration(
                region: self.settings.region, sendingDomain: sending.domain, ratePolicy: sending.rejectsAboveRate ? .reject : .pace,
                maximumDelivery: sending.maximumAge,
                transactionalShare: RateLimit(perSecond: sending.transactionalRate, burst: sending.transactionalBurst)),
            prepareQueue: { [queues = self.parts.queues] in try await queues.prepare($0) })
        let api = SESAPI(
            controlPlane: self.parts.controlPlane, intake: intake, quotas: self.parts.throttling,
            budget: ByteBudget(limit: http.requestBudget), isReady: self.isReady(resolver))
        var tls: TLSConfiguration?
        if let certificate = http.certificate, let key = http.key {
            tls = .makeServerConfiguration(
                certificateChain: try Self.pem("http.tls.cert", certificate) {
                    try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                },
                privateKey: .privateKey(try Self.pem("http.tls.key", key) { try NIOSSLPrivateKey(file: key, format: .pem) }))
            tls?.minimumTLSVersion = .tlsv12
        }
        var timeouts = ConnectionTimeouts()
        timeouts.firstHead = .milliseconds(http.headerTimeout.milliseconds)
        timeouts.body = .milliseconds(http.bodyTimeout.milliseconds)
        let scheme = tls == nil ? "http" : "https"
        return SESServer(
            configuration: SESServer.Configuration(
                host: http.listen.host, port: http.listen.port, tls: tls, timeouts: timeouts, maximumConnections: http.maximumConnections),
            api: api, eventLoopGroup: eventLoops, logger: self.quietLogger,
            onBound: { address in
                let host = address.ipAddress.map { $0.contains(":") ? "[\($0)]" : $0 } ?? http.listen.host
                Self.say("ready \(scheme)=\(host):\(address.port ?? 0)")
            })
    }

    private var resolverConfiguration: UnboundResolver.Configuration {
        var configuration = UnboundResolver.Configuration(
            servers: self.settings.delivery.dnsServers, validation: self.settings.delivery.dnsValidates ? .rootKeys : .off)
        configuration.timeout = self.settings.delivery.dnsTimeout
        return configuration
    }

    /// Identities' records are looked up while somebody is publishing them: what was not there a moment ago must not be remembered, as the
    /// resolver of deliveries does for a quarter of an hour.
    private var verificationResolverConfiguration: UnboundResolver.Configuration {
        var configuration = self.resolverConfiguration
        configuration.maximumCacheTTL = 5
        configuration.maximumNegativeCacheTTL = 0
        configuration.cacheByteCount = 1 << 20
        return configuration
    }

    /// For libraries, whose own lines are of no use to an operator below a warning.
    private var quietLogger: Logger {
        var logger = self.logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
