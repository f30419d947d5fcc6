import ApusCore

/// All settings, typed. ``SettingKey/all`` says what each means.
struct Settings: Sendable {
    struct HTTP: Sendable {
        var listen: Endpoint
        var certificate: String?
        var key: String?
        var maximumConnections: Int
        var requestBudget: Int
        var bodyTimeout: Duration
        var headerTimeout: Duration
    }

    struct Sending: Sendable {
        var domain: String
        var dkimZone: String
        var ed25519: Bool
        var rejectsAboveRate: Bool
        var maximumAge: Duration
        var messageBudget: Int
        var transactionalBurst: Int
        var transactionalRate: Double
    }

    struct Accounts: Sendable {
        /// nil for no limit.
        var maximum24HourSend: Int?
        var maximumSendRate: Double
    }

    struct Delivery: Sendable {
        struct Timeouts: Sendable {
            var connect: Duration
            var banner: Duration
            var ehlo: Duration
            var startTLS: Duration
            var mail: Duration
            var rcpt: Duration
            var data: Duration
            var body: Duration
            var finalDot: Duration
            var idle: Duration
        }

        var ehlo: String
        var port: Int
        var routes: [String]
        var allowLoopback: Bool
        var dnsServers: [String]
        var dnsValidates: Bool
        var dnsTimeout: Duration
        var tls: String
        var connectionsPerSite: Int
        var messagesPerConnection: Int
        var maximumConnections: Int
        var maximumLanes: Int
        /// None for all.
        var pools: [String]
        var memory: Int
        var timeouts: Timeouts
        var drain: Duration
        var retry: RetrySchedule
        /// What each tier waits, in the order of `DelayTier.allCases`.
        var tiers: [DelayTier: Duration]
    }

    var region: Region
    var http: HTTP
    var masterKeyFile: String?
    var masterKey: String?
    var sending: Sending
    var accounts: Accounts
    var delivery: Delivery
    var eventsAge: Duration
    var eventsBytes: Int
    var syncOnAcknowledge: Bool
    /// What a process of a cluster does.
    var roles: Set<Role>
    /// nil for an installation on embedded backends.
    var cluster: ClusterSettings?
    var metricsListen: Endpoint?
    var threads: Int?
    var logLevel: String

    /// Reads and checks everything.
    ///
    /// - Throws: ``SettingsError`` with all that is wrong.
    init(flags: [String: String], environment: [String: String], file: String?) throws {
        var reader = SettingsReader(keys: SettingKey.all, flags: flags, environment: environment, file: file)
        let regionName = reader.text("region") ?? ""
        if Region(regionName) == nil {
            reader.report("region takes a name such as us-east-1, not \"\(regionName)\"")
        }
        self.region = Region(regionName) ?? .usEast1
        self.http = Self.http(&reader)
        self.masterKeyFile = reader.text("security.masterKeyFile")
        self.masterKey = reader.text("security.masterKey")
        self.sending = Self.sending(&reader)
        let daily = reader.integer("accounts.maximum24HourSend") ?? -1
        self.accounts = Accounts(
            maximum24HourSend: daily < 0 ? nil : daily, maximumSendRate: reader.decimal("accounts.maximumSendRate") ?? 1)
        self.delivery = Self.delivery(&reader, domain: self.sending.domain)
        self.eventsAge = reader.duration("events.retention.age") ?? .zero
        self.eventsBytes = reader.bytes("events.retention.bytes") ?? 0
        self.syncOnAcknowledge = reader.flag("bus.syncOnAcknowledge")
        self.roles = Role.read(&reader)
        self.cluster = ClusterSettings(&reader)
        self.metricsListen = Self.metricsListen(&reader)
        self.threads = reader.text("threads") == nil ? nil : reader.integer("threads")
        self.logLevel = reader.choice("log.level") ?? "info"
        try reader.finish()
    }

    private static func http(_ reader: inout SettingsReader) -> HTTP {
        let text = reader.text("http.listen") ?? ""
        let listen = Endpoint(text)
        if listen == nil { reader.report("http.listen takes HOST:PORT such as 127.0.0.1:8025, not \"\(text)\"") }
        let certificate = reader.text("http.tls.cert")
        let key = reader.text("http.tls.key")
        if (certificate == nil) != (key == nil) { reader.report("http.tls.cert and http.tls.key go together: give both or neither") }
        if let listen, !listen.isLoopback, certificate == nil, !reader.flag("http.allowPlain") {
            reader.report(
                "\(listen) is not loopback: give a certificate (--tls-cert, --tls-key), or set http.allowPlain where a proxy adds TLS")
        }
        return HTTP(
            listen: listen ?? Endpoint(host: "127.0.0.1", port: 0), certificate: certificate, key: key,
            maximumConnections: reader.integer("http.maximumConnections") ?? 1, requestBudget: reader.bytes("http.requestBudget") ?? 0,
            bodyTimeout: reader.duration("http.bodyTimeout") ?? .zero, headerTimeout: reader.duration("http.headerTimeout") ?? .zero)
    }

    private static func metricsListen(_ reader: inout SettingsReader) -> Endpoint? {
        guard let text = reader.text("metrics.listen") else { return nil }
        let endpoint = Endpoint(text)
        if endpoint == nil { reader.report("metrics.listen takes HOST:PORT such as 127.0.0.1:9464, not \"\(text)\"") }
        return endpoint
    }

    private static func sending(_ reader: inout SettingsReader) -> Sending {
        let domain = (reader.text("sending.domain") ?? "").lowercased()
        let zone = reader.text("sending.dkimZone")?.lowercased() ?? "dkim.\(domain)"
        for (name, value) in [("sending.domain", domain), ("sending.dkimZone", zone)] where !Self.isHostName(value) {
            reader.report("\(name) takes a domain name such as mail.example.com, not \"\(value)\"")
        }
        return Sending(
            domain: domain, dkimZone: zone, ed25519: reader.flag("sending.ed25519"),
            rejectsAboveRate: reader.choice("sending.rateMode") == "reject", maximumAge: reader.duration("sending.maximumAge") ?? .zero,
            messageBudget: reader.bytes("sending.messageBudget") ?? 0,
            transactionalBurst: reader.integer("sending.transactionalBurst") ?? 1,
            transactionalRate: reader.decimal("sending.transactionalRate") ?? 1)
    }

    private static func delivery(_ reader: inout SettingsReader, domain: String) -> Delivery {
        let ehlo = reader.text("delivery.ehlo") ?? domain
        if !Self.isHostName(ehlo) { reader.report("delivery.ehlo takes a host name, not \"\(ehlo)\"") }
        let tierDelays = reader.durations("delivery.retry.tiers") ?? []
        var tiers: [DelayTier: Duration] = [:]
        if tierDelays.count != DelayTier.allCases.count || tierDelays != tierDelays.sorted() {
            reader.report("delivery.retry.tiers takes \(DelayTier.allCases.count) durations, shortest first")
        } else {
            tiers = Dictionary(uniqueKeysWithValues: zip(DelayTier.allCases, tierDelays))
        }
        return Delivery(
            ehlo: ehlo, port: reader.integer("delivery.port") ?? 25, routes: reader.list("delivery.routes"),
            allowLoopback: reader.flag("delivery.allowLoopback"), dnsServers: reader.list("delivery.dns.servers"),
            dnsValidates: reader.choice("delivery.dns.validation") != "off", dnsTimeout: reader.duration("delivery.dns.timeout") ?? .zero,
            tls: reader.choice("delivery.tls") ?? "opportunistic",
            connectionsPerSite: reader.integer("delivery.connectionsPerSite") ?? 1,
            messagesPerConnection: reader.integer("delivery.messagesPerConnection") ?? 1,
            maximumConnections: reader.integer("delivery.maximumConnections") ?? 1, maximumLanes: reader.integer("delivery.maximumLanes") ?? 1,
            pools: reader.list("delivery.pools"),
            memory: reader.bytes("delivery.memory") ?? 0,
            timeouts: Self.timeouts(&reader), drain: reader.duration("delivery.drain") ?? .zero,
            retry: RetrySchedule(
                intervals: reader.durations("delivery.retry.intervals") ?? [.seconds(60)], jitter: reader.decimal("delivery.retry.jitter") ?? 0),
            tiers: tiers)
    }

    private static func timeouts(_ reader: inout SettingsReader) -> Delivery.Timeouts {
        func read(_ name: String) -> Duration { reader.duration("delivery.timeouts.\(name)") ?? .zero }
        return Delivery.Timeouts(
            connect: read("connect"), banner: read("banner"), ehlo: read("ehlo"), startTLS: read("startTLS"), mail: read("mail"),
            rcpt: read("rcpt"), data: read("data"), body: read("body"), finalDot: read("finalDot"), idle: read("idle"))
    }

    /// RFC 1123 section 2.1, in its A-label form.
    private static func isHostName(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (1...253).contains(text.utf8.count)
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                            UInt8(ascii: "-"):
                            true
                        default: false
                        }
                    }
            }
    }
}
