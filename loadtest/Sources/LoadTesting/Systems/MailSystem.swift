/// A mail system under load: a process, or several, between an entrance that takes messages and the sink that they are delivered to.
///
/// A run calls ``start()`` once, then injects its faults, then ``stop()``. After ``kill()`` and ``stop()`` a system can be started again on what it left.
package protocol MailSystem: Sendable {
    /// For the report: what it is, and what it does for its acceptance.
    var description: MailSystemDescription { get }

    /// Starts it, or starts it again, and waits until it takes messages.
    ///
    /// - Throws: ``LoadTestError`` that says what is missing or what its processes said last.
    func start() async throws

    /// Where messages go in. The same after each start.
    var entrance: LoadEntrance { get async throws }

    /// Processes that belong to it now, for CPU and memory; the children of each are found by the sampler.
    var processIDs: [Int32] { get }

    /// SIGKILL to all of it, and waits until it is gone.
    func kill() async throws

    /// Asks it to end in its own orderly way and waits.
    ///
    /// - Throws: ``LoadTestError`` when it does not end within the limit; it is killed then.
    func stop(within limit: Duration) async throws

    /// SIGSTOP to all of it.
    func suspend() throws

    /// SIGCONT to all of it.
    func resume() throws

    /// Recipients that it still has to deliver, by its own account; nil when it has no cheap way to say.
    func queueDepth() async throws -> Int?

    /// What it says became of messages that were not delivered: the ids that it answered with, of those it gave up. nil when it cannot say.
    func bounced() async throws -> Set<String>?

    /// Ends whatever is left of it and removes its folders, unless they are to be kept.
    func remove() async
}

/// How messages go in.
package enum LoadEntrance: Sendable, Hashable {
    /// SES API v2.
    case ses(SESEntrance)
    /// Plain SMTP.
    case smtp(host: String, port: Int)
}

/// An SES API v2 endpoint and the keys to it.
package struct SESEntrance: Sendable, Hashable {
    package struct Key: Sendable, Hashable {
        package var id: String
        package var secret: String

        package init(id: String, secret: String) {
            self.id = id
            self.secret = secret
        }
    }

    package var host: String
    package var port: Int
    package var isTLS: Bool
    package var region: String
    /// One per account. Messages of a stream go through them in turn.
    package var keys: [Key]

    package init(host: String, port: Int, isTLS: Bool = false, region: String = "us-east-1", keys: [Key]) {
        self.host = host
        self.port = port
        self.isTLS = isTLS
        self.region = region
        self.keys = keys
    }
}

/// What a report says of a system.
package struct MailSystemDescription: Sendable, Codable, Hashable {
    /// `Apus`, `Postfix + OpenDKIM`.
    package var name: String
    package var version: String
    /// How messages go in: `SES v2 SendEmail, raw content, SigV4 verified`.
    package var entrance: String
    /// What has happened before it acknowledges: `a sync that covers the record`.
    package var durability: String
    /// `RSA-2048, relaxed/relaxed`, or `none`.
    package var signing: String
    /// Settings that matter, one sentence each.
    package var notes: [String]

    package init(name: String, version: String, entrance: String, durability: String, signing: String, notes: [String] = []) {
        self.name = name
        self.version = version
        self.entrance = entrance
        self.durability = durability
        self.signing = signing
        self.notes = notes
    }
}
