import ApusCore
import ApusSchema
import Backends
import ControlPlane
import Intake
import SESModel
import TestBackends
import Testing

/// A message names the pool of its configuration set.
struct PoolMailTests {
    func fixture(pool: String = "pool") async throws -> IntakeFixture {
        let fixture = try await IntakeFixture()
        try await fixture.controlPlane.createConfigurationSet(
            ConfigurationSet(account: fixture.account.id, name: "set", createdAt: IntakeFixture.now, sendingPool: pool))
        return fixture
    }

    func submission(_ fixture: IntakeFixture, to: [String] = ["x@example.net"]) -> Submission {
        var submission = fixture.simple(to: to)
        submission.configurationSet = "set"
        return submission
    }

    @Test func aMessageCarriesItsPool() async throws {
        let fixture = try await self.fixture()
        try await fixture.controlPlane.createPool("pool", owner: nil)
        _ = try await fixture.intake.submit(self.submission(fixture))
        #expect(try fixture.outbound()?.pool == "pool")
        let mail = fixture.intake.poolMail
        #expect(try await mail.isWaiting(pool: "pool") { $0 == fixture.account.id })
        #expect(try await !mail.isWaiting(pool: "pool") { _ in false })
        #expect(try await !mail.isWaiting(pool: "other") { _ in true })
    }

    @Test(arguments: [["x@example.net"], ["x@example.net", "y@example.org"]])
    func aMessageWaitsInTheQueueOfItsPool(recipients: [String]) async throws {
        let fixture = try await self.fixture()
        try await fixture.controlPlane.createPool("pool", owner: nil, queue: "own")
        _ = try await fixture.intake.submit(self.submission(fixture, to: recipients))
        let topic = recipients.count == 1 ? "apus.outbound.own.transactional" : Topics.submitted
        let record = try #require(fixture.bus.records(topic).first)
        let message =
            recipients.count == 1
            ? try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: record.value)
            : try RecordCoding.decode(Apus_V1_SubmittedMessage.self, from: record.value).message
        #expect(message.queue == "own" && message.resumeTopic == "apus.outbound.own.transactional")
        #expect(fixture.queues.prepared == ["own"])
        #expect(try await fixture.intake.poolMail.isWaiting(pool: "pool") { _ in true })
    }

    /// Nothing is accepted for a queue that is not there.
    @Test func aQueueThatCannotBeMadeTakesNothing() async throws {
        let fixture = try await self.fixture()
        try await fixture.controlPlane.createPool("pool", owner: nil, queue: "broken")
        #expect(try await fixture.refusal(self.submission(fixture))?.kind == .serviceUnavailable)
    }

    @Test func withoutASetThereIsNone() async throws {
        let fixture = try await IntakeFixture()
        _ = try await fixture.intake.submit(fixture.simple())
        #expect(try fixture.outbound()?.pool == "")
    }

    @Test(arguments: [Topics.submitted, Topics.retry(.oneHour), Topics.hold(.fifteenSeconds)])
    func mailIsFoundWhereverItWaits(topic: String) async throws {
        let fixture = try await self.fixture()
        try await fixture.controlPlane.createPool("pool", owner: fixture.account.id)
        if topic == Topics.submitted {
            _ = try await fixture.intake.submit(self.submission(fixture, to: ["x@example.net", "y@example.org"]))
            #expect(fixture.bus.records(topic).count == 1)
        } else {
            var message = Apus_V1_OutboundMessage()
            message.schema = 1
            message.account = fixture.account.id.rawValue
            message.pool = "pool"
            try await fixture.bus.produce([OutgoingRecord(topic: topic, key: [], value: try RecordCoding.encode(message))])
        }
        #expect(try await fixture.intake.poolMail.isWaiting(pool: "pool") { _ in true })
    }

    @Test func poolThatIsNotThereOrDrainsTakesNothing() async throws {
        let fixture = try await self.fixture()
        let missing = try await fixture.refusal(self.submission(fixture))
        #expect(missing?.kind == .badRequest && missing?.message == "SendingPool <pool> doesn't exist")
        try await fixture.controlPlane.createPool("pool", owner: nil)
        try await fixture.controlPlane.drainPool("pool", owner: nil, isDraining: true)
        let draining = try await fixture.refusal(self.submission(fixture))
        #expect(draining?.kind == .badRequest && draining?.message == "SendingPool <pool> takes no new mail: it is being drained.")
        try await fixture.controlPlane.drainPool("pool", owner: nil, isDraining: false)
        #expect(try await fixture.refusal(self.submission(fixture)) == nil)
    }
}
