/// How to reach the brokers, how much to hold for them, and how long to wait.
package struct KafkaConfiguration: Hashable, Sendable {
    /// What batches are compressed with on their way and on the brokers' disks.
    package enum Compression: String, CaseIterable, Sendable {
        case none, gzip, snappy, lz4, zstd
    }

    /// How a group shares its partitions.
    package enum Assignment: String, CaseIterable, Sendable {
        /// Partitions in turn over the members; all are given up at a change.
        case roundRobin = "roundrobin"
        /// A run of partitions of each topic for each member; all are given up at a change.
        case range
        /// Only what moves is given up at a change. Every member of a group must use it.
        case cooperativeSticky = "cooperative-sticky"
    }

    /// `host:port`, comma-separated.
    package var bootstrapServers: String
    /// The name shown by brokers.
    package var clientID: String
    /// TLS and SASL.
    package var security: KafkaSecurity

    /// How long a record may wait for its acknowledgement before produce fails.
    package var produceTimeout: Duration
    /// How long a question to the brokers, or a commit, may take.
    package var requestTimeout: Duration
    /// How long a silent member of a group is taken for alive.
    package var sessionTimeout: Duration
    /// How long partitions that go are kept for work under way to be finished and committed; below `maximumPollInterval`.
    package var drainTimeout: Duration
    /// How long the brokers wait for a member that heartbeats and does not take part in a rebalance.
    package var maximumPollInterval: Duration
    /// How long closing may wait for acknowledgements and for the group before it lets go.
    package var closeTimeout: Duration
    /// How long a batch of records is gathered before it is sent.
    package var linger: Duration
    /// How long a broker may hold a fetch back when it has little to give.
    package var fetchWait: Duration
    /// How often statistics are taken; zero for never.
    package var statisticsInterval: Duration

    /// The largest record, in bytes of key and value.
    package var maximumRecordBytes: Int
    /// Records handed over and not acknowledged yet, in all produce calls together.
    package var maximumOutstandingRecords: Int
    /// Their bytes. The library holds a copy of each besides the caller's own.
    package var maximumOutstandingBytes: Int
    /// What a consumer fetches ahead of its reader, in bytes.
    package var consumerQueueBytes: Int

    package var compression: Compression
    package var assignment: Assignment
    /// A name for this member that outlives its process: its partitions are kept for `sessionTimeout` while it restarts. Unique in a
    /// group, so only for a process with one consumer per group. nil for a member that comes and goes.
    package var staticMember: String?
    /// Further librdkafka properties, by their names; they go before everything above.
    package var extra: [String: KafkaSecret]

    package init(
        bootstrapServers: String, clientID: String = "apus", security: KafkaSecurity = KafkaSecurity(),
        produceTimeout: Duration = .seconds(60), requestTimeout: Duration = .seconds(15), sessionTimeout: Duration = .seconds(45),
        drainTimeout: Duration = .seconds(60), maximumPollInterval: Duration = .seconds(300), closeTimeout: Duration = .seconds(10),
        linger: Duration = .milliseconds(5), fetchWait: Duration = .milliseconds(10), statisticsInterval: Duration = .seconds(10),
        maximumRecordBytes: Int = 1_000_000, maximumOutstandingRecords: Int = 50_000, maximumOutstandingBytes: Int = 64 << 20,
        consumerQueueBytes: Int = 16 << 20, compression: Compression = .lz4, assignment: Assignment = .roundRobin,
        staticMember: String? = nil, extra: [String: String] = [:]
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.security = security
        self.produceTimeout = produceTimeout
        self.requestTimeout = requestTimeout
        self.sessionTimeout = sessionTimeout
        self.drainTimeout = drainTimeout
        self.maximumPollInterval = maximumPollInterval
        self.closeTimeout = closeTimeout
        self.linger = linger
        self.fetchWait = fetchWait
        self.statisticsInterval = statisticsInterval
        self.maximumRecordBytes = maximumRecordBytes
        self.maximumOutstandingRecords = maximumOutstandingRecords
        self.maximumOutstandingBytes = maximumOutstandingBytes
        self.consumerQueueBytes = consumerQueueBytes
        self.compression = compression
        self.assignment = assignment
        self.staticMember = staticMember
        self.extra = extra.mapValues(KafkaSecret.init)
    }

    /// Everything in it that cannot be, each with what would fit; empty when it can be used.
    package var problems: [String] {
        var problems: [String] = []
        func require(_ holds: Bool, _ text: String) { if !holds { problems.append(text) } }
        require(!self.bootstrapServers.isEmpty, "no broker is named: give host:port, more of them separated by commas")
        require(self.produceTimeout >= .milliseconds(1), "the produce time limit must be above 0: for ever is no limit")
        require(self.produceTimeout > self.linger, "the produce time limit must be above the linger time")
        require(self.sessionTimeout >= .seconds(1) && self.sessionTimeout <= .seconds(3600), "the session time must be from 1 s to 1 h")
        require(self.maximumPollInterval >= self.sessionTimeout, "the maximum poll interval must be at least the session time")
        require(self.drainTimeout < self.maximumPollInterval, "the drain time must be below the maximum poll interval")
        require((1000...1_000_000_000).contains(self.maximumRecordBytes), "the largest record must be from 1,000 to 1,000,000,000 bytes")
        require((1...10_000_000).contains(self.maximumOutstandingRecords), "outstanding records must be from 1 to 10,000,000")
        require(
            (self.maximumRecordBytes...1 << 40).contains(self.maximumOutstandingBytes),
            "outstanding bytes must hold at least one record of the largest size")
        require((1 << 10...1 << 40).contains(self.consumerQueueBytes), "the consumer's queue must be from 1 KiB to 1 TiB")
        if let tls = self.security.tls {
            require((tls.certificateFile == nil) == (tls.keyFile == nil), "a client certificate and its key go together: give both files or neither")
        }
        if let sasl = self.security.sasl { require(!sasl.username.isEmpty, "the SASL user name is empty") }
        return problems
    }
}

extension KafkaConfiguration: CustomStringConvertible {
    /// Without secrets: of the extra properties only the names.
    package var description: String {
        let user = self.security.sasl.map { "\($0.mechanism.rawValue) as \($0.username)" } ?? "no SASL"
        let extra = self.extra.isEmpty ? "" : ", extra \(self.extra.keys.sorted().joined(separator: " "))"
        return "\(self.bootstrapServers) as \(self.clientID), \(self.security.tls == nil ? "no TLS" : "TLS"), \(user), "
            + "\(self.assignment.rawValue), \(self.compression.rawValue)\(extra)"
    }
}
