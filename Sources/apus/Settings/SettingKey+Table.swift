extension SettingKey {
    private static let anyTimeout: Kind = .duration(.milliseconds(100)...(.seconds(3600)))

    /// Every setting there is, in the order of the reference page.
    static let all: [SettingKey] = [
        SettingKey(
            name: "region", kind: .text, defaultValue: "us-east-1",
            summary: "The AWS region this installation answers as: SDKs must name the same one."),
        SettingKey(
            name: "http.listen", kind: .text, defaultValue: "127.0.0.1:8025",
            summary: "Where the SES API listens, HOST:PORT; port 0 takes a free one."),
        SettingKey(name: "http.tls.cert", kind: .text, defaultValue: nil, summary: "PEM file of the certificate chain."),
        SettingKey(name: "http.tls.key", kind: .text, defaultValue: nil, summary: "PEM file of the private key."),
        SettingKey(
            name: "http.allowPlain", kind: .flag, defaultValue: "false",
            summary: "Allow HTTP without TLS on addresses other than loopback, for use behind a proxy that adds TLS."),
        SettingKey(
            name: "http.maximumConnections", kind: .integer(1...100_000), defaultValue: "4096",
            summary: "Connections the API holds open at once."),
        SettingKey(
            name: "http.requestBudget", kind: .bytes(50_000_000...64_000_000_000), defaultValue: "268435456",
            summary: "Bytes of all request bodies held in memory at once; beyond it requests are answered 503."),
        SettingKey(
            name: "http.bodyTimeout", kind: anyTimeout, defaultValue: "60s",
            summary: "How long a client may take to send a request's body."),
        SettingKey(
            name: "http.headerTimeout", kind: anyTimeout, defaultValue: "15s",
            summary: "How long a client may take to send a request's head."),
        SettingKey(
            name: "security.masterKeyFile", kind: .text, defaultValue: nil,
            summary: "File of the master key that seals DKIM keys and secrets, 32 bytes in base64, mode 0600; made in the data folder when absent."),
        SettingKey(
            name: "security.masterKey", kind: .secret, defaultValue: nil,
            summary: "The master key itself, 32 bytes in base64; best given as a variable. Goes before the file."),
        SettingKey(
            name: "sending.domain", kind: .text, defaultValue: "apus.localhost",
            summary: "Right side of Message-ID, and domain of the default return path."),
        SettingKey(
            name: "sending.dkimZone", kind: .text, defaultValue: nil,
            summary: "Zone that holds the DKIM keys that senders' CNAMEs point to; `dkim.` and sending.domain by default."),
        SettingKey(
            name: "sending.ed25519", kind: .flag, defaultValue: "false",
            summary: "Add an Ed25519 signature (RFC 8463) beside the RSA one."),
        SettingKey(
            name: "sending.rateMode", kind: .choice(["pace", "reject"]), defaultValue: "pace",
            summary: "Above an account's rate: accept and let workers pace it, or reject as SES does."),
        SettingKey(
            name: "sending.maximumAge", kind: .duration(.seconds(10)...(.seconds(604_800))), defaultValue: "14h",
            summary: "How long delivery is tried where the configuration set says nothing."),
        SettingKey(
            name: "sending.messageBudget", kind: .bytes(50_000_000...64_000_000_000), defaultValue: "268435456",
            summary: "Bytes of messages between acceptance and the bus's acknowledgement, in all."),
        SettingKey(
            name: "sending.transactionalBurst", kind: .integer(1...1_000_000_000), defaultValue: "1000",
            summary: "Recipients of an account in one pool that go before its bulk mail; what it sends above that waits behind other accounts' mail."),
        SettingKey(
            name: "sending.transactionalRate", kind: .decimal(0.01...1_000_000), defaultValue: "100",
            summary: "Recipients a second by which that share fills up again."),
        SettingKey(
            name: "accounts.maximum24HourSend", kind: .integer(-1...1_000_000_000), defaultValue: "-1",
            summary: "Recipients in any 24 hours, for accounts created from now on; -1 for no limit."),
        SettingKey(
            name: "accounts.maximumSendRate", kind: .decimal(0.01...1_000_000), defaultValue: "1000",
            summary: "Recipients a second, for accounts created from now on."),
        SettingKey(
            name: "delivery.ehlo", kind: .text, defaultValue: nil,
            summary: "The name given at EHLO: a name that resolves to the sending address, sending.domain by default."),
        SettingKey(
            name: "delivery.port", kind: .integer(1...65535), defaultValue: "25", summary: "The port of mail exchangers."),
        SettingKey(
            name: "delivery.routes", kind: .list, defaultValue: nil,
            summary: "PATTERN=HOST:PORT: domains that go to a host of yours instead of their mail exchanger; example.com, *.example.com or *."),
        SettingKey(
            name: "delivery.allowLoopback", kind: .flag, defaultValue: "false",
            summary: "Deliver to mail exchangers whose address is this machine's own loopback: for tests and demonstrations."),
        SettingKey(
            name: "delivery.dns.servers", kind: .list, defaultValue: nil,
            summary: "Resolvers to ask, HOST or HOST@PORT; those of the system by default."),
        SettingKey(
            name: "delivery.dns.validation", kind: .choice(["on", "off"]), defaultValue: "on",
            summary: "DNSSEC validation from the root's keys; off for resolvers that strip signatures, and for test zones."),
        SettingKey(
            name: "delivery.dns.timeout", kind: anyTimeout, defaultValue: "20s", summary: "How long one look-up may take."),
        SettingKey(
            name: "delivery.tls", kind: .choice(["opportunistic", "required", "none"]), defaultValue: "opportunistic",
            summary: "Encryption to mail exchangers."),
        SettingKey(
            name: "delivery.connectionsPerSite", kind: .integer(1...10_000), defaultValue: "20",
            summary: "SMTP connections to one site at once."),
        SettingKey(
            name: "delivery.messagesPerConnection", kind: .integer(1...1_000_000), defaultValue: "100",
            summary: "Messages over one SMTP connection."),
        SettingKey(
            name: "delivery.maximumConnections", kind: .integer(1...1_000_000), defaultValue: "2000",
            summary: "SMTP connections to all sites at once; beyond it sites wait, those without any first."),
        SettingKey(
            name: "delivery.maximumLanes", kind: .integer(1...1_000_000), defaultValue: "10000",
            summary: "Sites spoken to at once; beyond it the one unused longest makes room, and where all are in use messages are held."),
        SettingKey(
            name: "delivery.pools", kind: .list, defaultValue: nil,
            summary: "The pools whose mail is delivered here, default for mail without a pool; all by default. Mail of others is held."),
        SettingKey(
            name: "delivery.memory", kind: .bytes(50_000_000...64_000_000_000), defaultValue: "134217728",
            summary: "Bytes of messages that delivery holds in memory at once."),
        SettingKey(name: "delivery.timeouts.connect", kind: anyTimeout, defaultValue: "30s", summary: "TCP connect, per address."),
        SettingKey(name: "delivery.timeouts.banner", kind: anyTimeout, defaultValue: "5m", summary: "Greeting (RFC 5321 4.5.3.2.1)."),
        SettingKey(name: "delivery.timeouts.ehlo", kind: anyTimeout, defaultValue: "5m", summary: "Reply to EHLO or HELO."),
        SettingKey(name: "delivery.timeouts.startTLS", kind: anyTimeout, defaultValue: "60s", summary: "Reply to STARTTLS and the handshake."),
        SettingKey(name: "delivery.timeouts.mail", kind: anyTimeout, defaultValue: "5m", summary: "Reply to MAIL (4.5.3.2.2)."),
        SettingKey(name: "delivery.timeouts.rcpt", kind: anyTimeout, defaultValue: "5m", summary: "Reply to RCPT (4.5.3.2.3)."),
        SettingKey(name: "delivery.timeouts.data", kind: anyTimeout, defaultValue: "2m", summary: "Reply to DATA (4.5.3.2.4)."),
        SettingKey(name: "delivery.timeouts.body", kind: anyTimeout, defaultValue: "3m", summary: "Progress while the message is sent (4.5.3.2.5)."),
        SettingKey(
            name: "delivery.timeouts.finalDot", kind: anyTimeout, defaultValue: "10m",
            summary: "Reply to the final dot (4.5.3.2.6); shorter doubles messages (RFC 1047)."),
        SettingKey(name: "delivery.timeouts.idle", kind: anyTimeout, defaultValue: "10s", summary: "How long an unused connection is kept."),
        SettingKey(
            name: "delivery.drain", kind: .duration(.zero...(.seconds(3600))), defaultValue: "30s",
            summary: "How long a graceful stop waits for SMTP sessions."),
        SettingKey(
            name: "delivery.retry.intervals", kind: .durations(.milliseconds(100)...(.seconds(604_800))),
            defaultValue: "1m,5m,10m,20m,40m,90m,3h,4h",
            summary: "Waits after the first, second, … deferral; the last one repeats."),
        SettingKey(
            name: "delivery.retry.jitter", kind: .decimal(0...1), defaultValue: "0.2",
            summary: "Largest share by which a wait is lengthened at random."),
        SettingKey(
            name: "delivery.retry.tiers", kind: .durations(.milliseconds(100)...(.seconds(604_800))),
            defaultValue: "15s,1m,5m,20m,1h,4h,24h",
            summary: "What the seven retry and hold topics wait, shortest first; for tests and demonstrations."),
        SettingKey(
            name: "events.retention.age", kind: .duration(.seconds(60)...(.seconds(31_536_000))), defaultValue: "7d",
            summary: "How long events are kept."),
        SettingKey(
            name: "events.retention.bytes", kind: .bytes(1_000_000...1_000_000_000_000), defaultValue: "1073741824",
            summary: "How many bytes of events are kept."),
        SettingKey(
            name: "bus.syncOnAcknowledge", kind: .flag, defaultValue: "true",
            summary: "Sync records to disk before a request is answered. Off loses accepted mail with the power; for measurements only."),
        SettingKey(
            name: "roles", kind: .list, defaultValue: "api,worker,mover,publisher",
            summary:
                "What this process of a cluster does: api, worker, mover, publisher. An embedded installation does all but the last in one process."),
        SettingKey(
            name: "kafka.brokers", kind: .list, defaultValue: nil,
            summary: "HOST:PORT of brokers. With redis.url and postgres.url it makes this process one of a cluster."),
        SettingKey(
            name: "kafka.partitions", kind: .integer(1...1000), defaultValue: "12",
            summary: "Partitions of each topic that is made: the most workers that can share a topic."),
        SettingKey(
            name: "kafka.topicPrefix", kind: .text, defaultValue: nil,
            summary: "What stands before the names of topics and groups: installations with different ones share a Kafka. Letters, digits, . _ -"),
        SettingKey(name: "kafka.replicas", kind: .integer(1...9), defaultValue: "3", summary: "Replicas of every partition."),
        SettingKey(
            name: "kafka.minimumInSyncReplicas", kind: .integer(1...9), defaultValue: "2",
            summary: "Replicas that must have a record before it is acknowledged."),
        SettingKey(
            name: "kafka.allowUnsafeReplicas", kind: .flag, defaultValue: "false",
            summary: "Allow topics that lose accepted mail with one broker: for trying out only."),
        SettingKey(
            name: "kafka.assignment", kind: .choice(["roundrobin", "range", "cooperative-sticky"]), defaultValue: "roundrobin",
            summary: "How workers share partitions; the same in all processes."),
        SettingKey(
            name: "kafka.staticMember", kind: .text, defaultValue: nil,
            summary: "A name of this process that outlives it: its partitions wait for its restart for kafka.sessionTimeout. Unique in the cluster."),
        SettingKey(
            name: "kafka.sessionTimeout", kind: .duration(.seconds(1)...(.seconds(3600))), defaultValue: "45s",
            summary: "After how long without a sign of life a process's partitions go to others."),
        SettingKey(name: "kafka.tls.enabled", kind: .flag, defaultValue: "false", summary: "TLS to the brokers."),
        SettingKey(
            name: "kafka.tls.authorities", kind: .text, defaultValue: nil,
            summary: "PEM file of the authorities that brokers' certificates are checked against; the system's by default."),
        SettingKey(name: "kafka.tls.cert", kind: .text, defaultValue: nil, summary: "PEM file of this client's certificate chain."),
        SettingKey(name: "kafka.tls.key", kind: .text, defaultValue: nil, summary: "PEM file of its private key."),
        SettingKey(
            name: "kafka.sasl.mechanism", kind: .choice(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]), defaultValue: nil,
            summary: "How this client shows the brokers who it is; PLAIN only with TLS."),
        SettingKey(name: "kafka.sasl.username", kind: .text, defaultValue: nil, summary: "The name for the brokers."),
        SettingKey(name: "kafka.sasl.password", kind: .secret, defaultValue: nil, summary: "The password for the brokers."),
        SettingKey(
            name: "kafka.extra", kind: .list, defaultValue: nil,
            summary: "NAME=VALUE of further librdkafka properties; they go before everything above."),
        SettingKey(
            name: "redis.url", kind: .secret, defaultValue: nil,
            summary: "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]; rediss:// for TLS."),
        SettingKey(
            name: "redis.authorities", kind: .text, defaultValue: nil,
            summary: "PEM file of the authorities that Redis's certificate is checked against; the system's by default."),
        SettingKey(
            name: "postgres.url", kind: .secret, defaultValue: nil,
            summary: "A libpq connection string: postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full."),
        SettingKey(
            name: "metrics.listen", kind: .text, defaultValue: nil,
            summary:
                "Where GET /metrics, /livez and /readyz are answered, HOST:PORT; nowhere by default. No secrets are in them, but keep them inside."),
        SettingKey(
            name: "threads", kind: .integer(1...1024), defaultValue: nil, summary: "Event loops; as many as there are cores by default."),
        SettingKey(
            name: "log.level", kind: .choice(["trace", "debug", "info", "notice", "warning", "error"]), defaultValue: "info",
            summary: "The least level that is logged, to standard error."),
    ]
}
