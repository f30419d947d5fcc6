package import ApusCore
internal import ApusSchema
package import Backends
package import ControlPlane
internal import Glibc
internal import MailMessage
internal import NIOCore
package import SESModel
internal import Synchronization

/// The one way into the service: every entrance hands its messages to ``submit(_:)``.
///
/// A message is checked as a whole first; only then is quota taken, an id given, and the records produced. What is refused leaves
/// nothing behind.
package final class Intake: Sendable {
    package let configuration: Configuration
    private let controlPlane: ControlPlane
    private let bus: any MessageBus
    private let bodies: any BodyStore
    private let throttling: any RateLimiting & QuotaCounting
    private let budget: ByteBudget
    private let now: @Sendable () -> UnixMilliseconds
    private let generator: Mutex<any RandomNumberGenerator & Sendable>
    private let prepareQueue: @Sendable (String) async throws -> Void

    /// - Parameters:
    ///   - controlPlane: loaded.
    ///   - bus: with the topics in place.
    ///   - bodies: for what is too large for a record.
    ///   - throttling: the accounts' rates and quotas.
    ///   - budget: bounds the bytes of messages under way.
    ///   - configuration: see ``Configuration``.
    ///   - now: the time of day.
    ///   - generator: the source of message ids.
    ///   - prepareQueue: sees that the bus has a queue's topics.
    package init(
        controlPlane: ControlPlane, bus: any MessageBus, bodies: any BodyStore, throttling: any RateLimiting & QuotaCounting,
        budget: ByteBudget, configuration: Configuration, now: (@Sendable () -> UnixMilliseconds)? = nil,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        prepareQueue: @escaping @Sendable (String) async throws -> Void = { _ in }
    ) {
        self.controlPlane = controlPlane
        self.bus = bus
        self.bodies = bodies
        self.throttling = throttling
        self.budget = budget
        self.configuration = configuration
        self.now = now ?? Self.timeOfDay
        self.generator = Mutex(generator)
        self.prepareQueue = prepareQueue
    }

    /// Takes a message in.
    ///
    /// - Returns: its id, once the bus has acknowledged the records.
    /// - Throws: ``SESError``. `serviceUnavailable` means *not known to be accepted*; every other kind means that nothing was.
    package func submit(_ submission: Submission) async throws(SESError) -> MessageID {
        // The content as given, and the finished message beside it.
        let bytes = submission.contentBytes * 2
        guard self.budget.reserve(bytes) else {
            throw SESError(.serviceUnavailable, "Too many bytes of messages are being taken in. Try again.")
        }
        defer { self.budget.release(bytes) }
        return try await self.accept(try self.check(submission))
    }

    /// Looks for mail of a pool where this intake puts it.
    package var poolMail: PoolMail {
        PoolMail(bus: self.bus, controlPlane: self.controlPlane)
    }

    // MARK: Checks

    /// A submission that may be sent.
    private struct Checked {
        var submission: Submission
        var raw: RawContent?
        var sender: SenderResolution
        var envelope: Envelope
        var replyTo: [Mailbox]
        var configurationSet: ConfigurationSet?
        var tags: [Submission.Tag]
    }

    private func check(_ submission: Submission) throws(SESError) -> Checked {
        guard submission.account.sendingEnabled else { throw SESError(.sendingPaused, "Account sending is disabled.") }
        var submission = submission
        var raw: RawContent?
        switch submission.content {
        case .raw(let bytes):
            let content = try RawContent(bytes, maximumBytes: self.configuration.maximumMessageBytes)
            submission.identityARNs += content.identityARNs
            raw = content
        case .simple(let simple):
            try SimpleComposition.check(simple, maximumBytes: self.configuration.maximumMessageBytes)
        }
        let sender = try SenderResolution(submission, header: raw?.header, controlPlane: self.controlPlane)
        let set = try self.configurationSet(submission, raw: raw, identity: sender.identity)
        let envelope = try Envelope(submission, header: raw?.header, maximum: self.configuration.maximumRecipients)
        let replyTo = try AddressReading.mailboxes(submission.replyTo)
        let tags: [Submission.Tag]
        if let given = submission.tags {
            try MessageTags.check(given)
            tags = given
        } else {
            tags = try raw.map { (raw) throws(SESError) in try MessageTags.parse(raw.header) } ?? []
        }
        return Checked(
            submission: submission, raw: raw, sender: sender, envelope: envelope, replyTo: replyTo, configurationSet: set, tags: tags)
    }

    /// The request's set, else the raw message's header, else the identity's default.
    private func configurationSet(
        _ submission: Submission, raw: RawContent?, identity: EmailIdentity
    ) throws(SESError) -> ConfigurationSet? {
        let asked = submission.configurationSet ?? raw?.configurationSet
        guard let name = asked ?? identity.configurationSet else { return nil }
        guard let set = self.controlPlane.configurationSet(name, account: submission.account.id) else {
            // A default that was deleted meanwhile makes the message unsendable, which SES calls a bad request.
            throw SESError(asked == nil ? .badRequest : .notFound, "Configuration set <\(name)> does not exist.")
        }
        guard set.sendingEnabled else {
            throw SESError(.sendingPaused, "Sending is paused for configuration set \(name)")
        }
        if let pool = set.sendingPool {
            guard let found = self.controlPlane.pool(pool, account: submission.account.id) else {
                throw SESError.badRequest("SendingPool <\(pool)> doesn't exist")
            }
            guard !found.isDraining else {
                throw SESError.badRequest("SendingPool <\(pool)> takes no new mail: it is being drained.")
            }
        }
        return set
    }

    // MARK: Acceptance

    private func accept(_ checked: Checked) async throws(SESError) -> MessageID {
        let account = checked.submission.account
        let acceptedAt = self.now()
        let id = self.generator.withLock { generator in
            MessageID(regionCode: self.configuration.region.code, acceptedAt: acceptedAt, using: &generator)
        }
        let stamp = MessageStamp(id: id, acceptedAt: acceptedAt, account: account.id, tags: checked.tags, configuration: self.configuration)
        let prepared = try self.finish(checked, stamp: stamp)
        guard prepared.bytes.count <= self.configuration.maximumMessageBytes else {
            throw MessageSize.tooLarge(self.configuration.maximumMessageBytes)
        }
        let recipients = checked.envelope.recipients.count
        try await self.takeRate(account, recipients: recipients)
        let reservation = try await self.reserveQuota(account, recipients: recipients)
        do throws(IntakeFailure) {
            try await self.produce(checked, prepared: prepared, stamp: stamp)
        } catch {
            if error.isDefinite { try? await self.throttling.refund(reservation) }
            throw error.answer
        }
        return id
    }

    private func finish(_ checked: Checked, stamp: MessageStamp) throws(SESError) -> PreparedMessage {
        if let raw = checked.raw { return try raw.finished(stamp, from: checked.sender.from) }
        guard case .simple(let content) = checked.submission.content else {
            throw SESError(.internalFailure, "The message has no content.")
        }
        return try SimpleComposition.compose(
            content, from: checked.sender.from, envelope: checked.envelope, replyTo: checked.replyTo, stamp: stamp)
    }

    private func takeRate(_ account: Account, recipients: Int) async throws(SESError) {
        guard self.configuration.ratePolicy == .reject else { return }
        let limit = RateLimit(
            perSecond: account.maximumSendRate, burst: max(Int(account.maximumSendRate.rounded(.up)), self.configuration.maximumRecipients))
        do {
            switch try await self.throttling.take("account/\(account.id.rawValue)", limit: limit, cost: recipients) {
            case .granted: return
            case .denied, .impossible: break
            }
        } catch {
            throw IntakeFailure.throttlingAway(error).answer
        }
        throw SESError(.tooManyRequests, "Maximum sending rate exceeded.")
    }

    private func reserveQuota(_ account: Account, recipients: Int) async throws(SESError) -> QuotaReservation {
        do {
            switch try await self.throttling.reserve(account: account.id, recipients: recipients, quota: account.maximum24HourSend) {
            case .granted(let reservation): return reservation
            case .exceeded: break
            }
        } catch {
            throw IntakeFailure.throttlingAway(error).answer
        }
        throw SESError(.tooManyRequests, "Daily message quota exceeded.")
    }

    private func produce(_ checked: Checked, prepared: PreparedMessage, stamp: MessageStamp) async throws(IntakeFailure) {
        let account = checked.submission.account.id
        let arn = "arn:aws:ses:\(self.configuration.region.name):\(account.rawValue):identity/\(checked.sender.identity.name)"
        let records = MessageRecords(
            stamp: stamp, account: account, configurationSet: checked.configurationSet?.name ?? "",
            tags: MessageTags.automatic(
                checked.submission, configurationSet: checked.configurationSet?.name, fromDomain: checked.sender.from.address.domain)
                + checked.tags.map { MessageTags.record($0.name, $0.value) },
            mail: MailSummaryBuilder.summary(
                of: prepared.header, source: checked.sender.source, sourceARN: arn,
                destination: checked.envelope.recipients.map(\.addrSpec), returnPath: checked.sender.returnPath))
        var batch: [OutgoingRecord]
        do {
            batch = [try records.send()]
            if prepared.isRefusedContent {
                batch.append(try records.reject())
            } else {
                batch.append(try await self.messageRecord(records, checked: checked, prepared: prepared))
            }
        } catch {
            throw IntakeFailure.beforeProduce(error)
        }
        do {
            try await self.bus.produce(batch)
        } catch {
            throw IntakeFailure.produce(error)
        }
    }

    private func messageRecord(
        _ records: MessageRecords, checked: Checked, prepared: PreparedMessage
    ) async throws -> OutgoingRecord {
        let pool = checked.configurationSet?.sendingPool ?? ""
        let queue = self.controlPlane.pool(pool, account: checked.submission.account.id)?.queue ?? Topics.defaultQueue
        try await self.prepareQueue(queue)
        let parts = checked.envelope.parts
        let delivery = checked.configurationSet?.maxDeliverySeconds.map { Duration.seconds($0) } ?? self.configuration.maximumDelivery
        let expiresAt = records.stamp.acceptedAt + delivery
        let inline = parts.count > 1 ? self.configuration.sharedInlineBodyBytes : self.configuration.inlineBodyBytes
        var reference: String?
        if prepared.bytes.count > inline {
            reference = try await self.bodies.put(ByteBuffer(bytes: prepared.bytes), expiresAt: expiresAt + self.configuration.bodyMargin)
        }
        let deliveryClass = await self.deliveryClass(
            account: checked.submission.account.id, pool: pool, recipients: checked.envelope.recipients.count)
        return try records.message(
            prepared, bodyReference: reference, parts: parts, signingDomain: checked.sender.signingDomain,
            topic: Topics.outbound(queue: queue, class: deliveryClass), queue: queue, pool: pool,
            expiresAt: expiresAt)
    }

    /// Whether a message goes before bulk mail: an account's first in a while do, those of a flood do not.
    ///
    /// Nothing in a log can overtake what was written before it, so whoever sends a hundred thousand messages at once must write them elsewhere
    /// than where others wait for one. How much of an account's mail waits is not known here; how much came of late is.
    private func deliveryClass(account: AccountID, pool: String, recipients: Int) async -> Topics.DeliveryClass {
        guard let share = self.configuration.transactionalShare else { return .transactional }
        do {
            switch try await self.throttling.take("class/\(account.rawValue)/\(pool)", limit: share, cost: min(recipients, share.burst)) {
            case .granted: return .transactional
            case .denied, .impossible: return .bulk
            }
        } catch {
            // Acceptance does not hang on it.
            return .bulk
        }
    }

    private static let timeOfDay: @Sendable () -> UnixMilliseconds = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
