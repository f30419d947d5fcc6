import ApusCore
import Backends
import Delivery
import Testing

@Suite struct PartitionLedgerTests {
    let zero = TopicPartition(topic: "t", partition: 0)
    let one = TopicPartition(topic: "t", partition: 1)
    let now = UnixMilliseconds(1_800_000_000_000)

    func ledger(_ change: (inout PartitionLedger.Limits) -> Void = { _ in }) -> PartitionLedger {
        var limits = PartitionLedger.Limits()
        change(&limits)
        var ledger = PartitionLedger(limits: limits)
        ledger.assign([self.zero, self.one])
        return ledger
    }

    func receive(_ ledger: inout PartitionLedger, _ offset: Int64, _ octets: Int = 10, in partition: TopicPartition? = nil) -> PartitionLedger.Ticket? {
        ledger.receive(RecordPosition(topicPartition: partition ?? self.zero, offset: offset), octets: octets, now: self.now)
    }

    @Test func commitsAreContiguous() throws {
        var ledger = self.ledger()
        let tickets = try (0..<4).map { try #require(self.receive(&ledger, $0)) }
        ledger.complete(tickets[2])
        ledger.complete(tickets[1])
        #expect(ledger.takeCommits() == [:])
        ledger.complete(tickets[0])
        #expect(ledger.takeCommits() == [self.zero: 3])
        #expect(ledger.takeCommits() == [:])
        ledger.complete(tickets[3])
        let failed = ledger.takeCommits()
        ledger.restore(failed)
        #expect(ledger.takeCommits() == [self.zero: 4])
    }

    @Test func recordReadTwiceIsTakenOnce() {
        var ledger = self.ledger()
        #expect(self.receive(&ledger, 0) != nil)
        #expect(self.receive(&ledger, 0) == nil)
        #expect(self.receive(&ledger, 5, in: TopicPartition(topic: "t", partition: 9)) == nil)
    }

    @Test func budgetPausesAllAndResumesAtHalf() throws {
        var ledger = self.ledger { $0.octets = 100 }
        let first = try #require(self.receive(&ledger, 0, 60))
        #expect(ledger.flow().pause.isEmpty)
        let second = try #require(self.receive(&ledger, 0, 40, in: self.one))
        #expect(Set(ledger.flow().pause) == [self.zero, self.one])
        ledger.complete(second)
        ledger.end(second)
        #expect(ledger.octets == 60)
        #expect(ledger.flow().resume.isEmpty)
        // Complete is not ended: its bytes are still in memory.
        ledger.complete(first)
        #expect(ledger.flow().resume.isEmpty)
        ledger.end(first)
        #expect(ledger.mayFlow(self.zero))
        #expect(Set(ledger.flow().resume) == [self.zero, self.one])
        #expect(ledger.octets == 0)
    }

    @Test func fullPartitionPausesAlone() throws {
        var ledger = self.ledger { $0.pendingPerPartition = 4 }
        let tickets = try (0..<4).map { try #require(self.receive(&ledger, $0)) }
        #expect(ledger.flow().pause == [self.zero])
        for ticket in tickets[1...] {
            ledger.complete(ticket)
            ledger.end(ticket)
        }
        // The head keeps the tracker full.
        #expect(ledger.flow().resume.isEmpty)
        ledger.complete(tickets[0])
        #expect(ledger.flow().resume == [self.zero])
    }

    @Test func lateHeadIsDetached() throws {
        var ledger = self.ledger { $0.patience = .seconds(30) }
        let ticket = try #require(self.receive(&ledger, 0))
        #expect(ledger.detaching(now: self.now + .seconds(29)).isEmpty)
        #expect(ledger.detaching(now: self.now + .seconds(30)) == [ticket])
        #expect(ledger.detaching(now: self.now + .seconds(31)).isEmpty)
        // Its outcome comes meanwhile: who speaks for it is not decided yet.
        #expect(ledger.beginClosing(ticket) == .wait)
        ledger.detached(ticket, isGuarded: true)
        #expect(ledger.takeCommits() == [self.zero: 1])
        #expect(ledger.beginClosing(ticket) == .leaveToGuard)
        #expect(ledger.octets == 10)
        ledger.end(ticket)
        #expect(ledger.octets == 0)
    }

    @Test func recordWithoutGuardSpeaksForItself() throws {
        var ledger = self.ledger { $0.patience = .seconds(30) }
        let ticket = try #require(self.receive(&ledger, 0))
        #expect(ledger.detaching(now: self.now + .seconds(30)) == [ticket])
        ledger.detached(ticket, isGuarded: false)
        #expect(ledger.beginClosing(ticket) == .proceed)
        // Once its outcome is being written it is not detached any more.
        #expect(ledger.detaching(now: self.now + .seconds(60)).isEmpty)
    }

    @Test func headOfAFullTrackerIsDetachedBeforeItsTime() throws {
        var ledger = self.ledger { $0.pendingPerPartition = 100 }
        let tickets = try (0..<100).map { try #require(self.receive(&ledger, $0)) }
        for ticket in tickets[1...] {
            ledger.complete(ticket)
            ledger.end(ticket)
        }
        #expect(ledger.detaching(now: self.now) == [tickets[0]])
    }

    @Test func lostPartitionIsNotCommitted() throws {
        var ledger = self.ledger()
        let ticket = try #require(self.receive(&ledger, 0))
        ledger.beginRevoke([self.zero])
        #expect(self.receive(&ledger, 1) == nil)
        #expect(ledger.inFlight(in: [self.zero]) == 1)
        ledger.remove([self.zero])
        ledger.assign([self.zero])
        ledger.complete(ticket)
        #expect(ledger.takeCommits() == [:])
        #expect(ledger.octets == 10)
        ledger.end(ticket)
        #expect(ledger.octets == 0 && ledger.inFlight == 0)
        // The new ownership reads it again.
        #expect(self.receive(&ledger, 0) != nil)
    }

    @Test func newerRecordBlocksItsPartition() throws {
        var ledger = self.ledger()
        let ticket = try #require(self.receive(&ledger, 0))
        ledger.block(ticket)
        #expect(ledger.flow().pause == [self.zero])
        #expect(self.receive(&ledger, 1) == nil)
        ledger.end(ticket)
        #expect(ledger.takeCommits() == [:])
        #expect(ledger.flow().resume.isEmpty)
        #expect(ledger.detaching(now: self.now + .seconds(99)).isEmpty)
        #expect(ledger.blocked == 1)
    }

    @Test func oneMessageAtATime() {
        var ledger = self.ledger()
        #expect(ledger.begin("m/x"))
        #expect(!ledger.begin("m/x"))
        ledger.finish("m/x")
        #expect(ledger.begin("m/x"))
    }
}
