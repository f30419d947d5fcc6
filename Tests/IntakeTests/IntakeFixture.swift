import ApusCore
import ApusSchema
import Backends
import ControlPlane
import Intake
import MailMessage
import NIOCore
import SESModel
import Synchronization
import TestBackends

/// An intake on backends in memory, with a clock that stands still and ids that repeat.
struct IntakeFixture {
    /// Counts up, so that ids are known.
    struct CountingGenerator: RandomNumberGenerator {
        var value: UInt64 = 0
        mutating func next() -> UInt64 {
            self.value += 1
            return self.value
        }
    }

    /// The queues that were made ready; `broken` cannot be.
    final class Queues: Sendable {
        private let queues = Mutex<[String]>([])

        var prepared: [String] { self.queues.withLock { $0 } }

        func prepare(_ queue: String) throws {
            if queue == "broken" { throw BusError(.unavailable, "no broker answers") }
            self.queues.withLock { $0.append(queue) }
        }
    }

    static let now = UnixMilliseconds(1_768_478_400_000)

    let bus = RecordingBus()
    let bodies = MemoryBodyStore()
    let throttling = MemoryThrottling()
    let budget = ByteBudget(limit: 256 << 20)
    let controlPlane: ControlPlane
    let intake: Intake
    let queues: Queues
    var account: Account

    /// - Parameters:
    ///   - identities: created as verified by the operator.
    ///   - unverified: created as pending.
    init(
        identities: [String] = ["sender@example.com"], unverified: [String] = [], sets: [ConfigurationSet] = [],
        ratePolicy: Intake.RatePolicy = .pace, maximumMessageBytes: Int = 40 << 20
    ) async throws {
        let ring = try MasterKeyRing(text: MasterKeyRing.generateKeyText(), source: "test")
        self.controlPlane = ControlPlane(
            store: MemoryStateStore(), sealer: SecretSealer(ring: ring), configuration: .init(dkimZone: "dkim.example.org", domain: "example.org"),
            now: { Self.now })
        try await self.controlPlane.load()
        self.account = try await self.controlPlane.createAccount(name: "main")
        for set in sets {
            var set = ConfigurationSet(
                account: self.account.id, name: set.name, createdAt: Self.now, sendingEnabled: set.sendingEnabled,
                maxDeliverySeconds: set.maxDeliverySeconds)
            set.tags = []
            try await self.controlPlane.createConfigurationSet(set)
        }
        for name in identities { try await self.controlPlane.createIdentity(name: name, account: self.account.id, verified: true) }
        for name in unverified { try await self.controlPlane.createIdentity(name: name, account: self.account.id) }
        let queues = Queues()
        self.queues = queues
        self.intake = Intake(
            controlPlane: self.controlPlane, bus: self.bus, bodies: self.bodies, throttling: self.throttling, budget: self.budget,
            configuration: .init(sendingDomain: "mail.example.org", ratePolicy: ratePolicy, maximumMessageBytes: maximumMessageBytes),
            now: { Self.now }, generator: CountingGenerator(), prepareQueue: { [queues] in try queues.prepare($0) })
    }

    func raw(_ text: String, from: String? = nil, to: [String]? = nil) -> Submission {
        self.raw(Array(text.utf8), from: from, to: to)
    }

    func raw(_ bytes: [UInt8], from: String? = nil, to: [String]? = nil) -> Submission {
        Submission(
            account: self.account, operation: "SendEmail", sourceIP: "192.0.2.1", callerIdentity: "AKIAEXAMPLE", from: from, to: to,
            content: .raw(bytes))
    }

    func simple(
        from: String? = "sender@example.com", to: [String]? = ["x@example.net"], subject: String = "Hello", text: String? = "Hi",
        html: String? = nil
    ) -> Submission {
        Submission(
            account: self.account, operation: "SendEmail", sourceIP: "192.0.2.1", callerIdentity: "AKIAEXAMPLE", from: from, to: to,
            content: .simple(SimpleContent(subject: subject, text: text.map { BodyText($0) }, html: html.map { BodyText($0) })))
    }

    /// The only outbound record.
    func outbound() throws -> Apus_V1_OutboundMessage? {
        let records = self.bus.records("apus.outbound.default.transactional")
        guard records.count == 1 else { return nil }
        return try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: records[0].value)
    }

    func events() throws -> [Apus_V1_SendingEvent] {
        try self.bus.records("apus.events").map { try RecordCoding.decode(Apus_V1_SendingEvent.self, from: $0.value) }
    }

    /// The error of a submission; also checks that it left nothing behind.
    func refusal(_ submission: Submission) async throws -> SESError? {
        do {
            _ = try await self.intake.submit(submission)
            return nil
        } catch {
            let isClean =
                try await self.throttling.used(account: self.account.id) == 0 && self.bus.batches.isEmpty && self.bodies.bodies.isEmpty
                && self.budget.used == 0
            return isClean ? error : SESError(.internalFailure, "a refused message left something behind")
        }
    }
}
