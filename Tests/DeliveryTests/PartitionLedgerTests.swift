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

    func receive(_ ledger: inout PartitionLedger, _ offset: Int64, _ octets: Int = 10, in partition: TopicPartition? = nil) -> PartitionLedger.Ticket?
    {
        ledger.receive(RecordPosition(topicPartition: partition ?? self.zero, offset: offset), octets: octets, now: self.now)
    }

    func ticket(_ ledger: inout PartitionLedger, _ offset: Int64, _ octets: Int = 10, in partition: TopicPartition? = nil) throws
        -> PartitionLedger.Ticket
    {
        let ticket = self.receive(&ledger, offset, octets, in: partition)
        return try #require(ticket)
    }

    @Test func commitsAreContiguous() throws {
        var ledger = self.ledger()
        let tickets = try (0..<4).map { try self.ticket(&ledger, $0) }
        ledger.complete(tickets[2])
        ledger.complete(tickets[1])
        same(ledger.takeCommits(), [:])
        ledger.complete(tickets[0])
        same(ledger.takeCommits(), [self.zero: 3])
        same(ledger.takeCommits(), [:])
        ledger.complete(tickets[3])
        let failed = ledger.takeCommits()
        ledger.restore(failed)
        same(ledger.takeCommits(), [self.zero: 4])
    }

    @Test func recordReadTwiceIsTakenOnce() {
        var ledger = self.ledger()
        holds(self.receive(&ledger, 0) != nil)
        same(self.receive(&ledger, 0), nil)
        same(self.receive(&ledger, 5, in: TopicPartition(topic: "t", partition: 9)), nil)
    }

    @Test func budgetPausesAllAndResumesAtHalf() throws {
        var ledger = self.ledger { $0.octets = 100 }
        let first = try self.ticket(&ledger, 0, 60)
        holds(ledger.flow().pause.isEmpty)
        let second = try self.ticket(&ledger, 0, 40, in: self.one)
        same(Set(ledger.flow().pause), [self.zero, self.one])
        ledger.complete(second)
        ledger.end(second)
        #expect(ledger.octets == 60)
        holds(ledger.flow().resume.isEmpty)
        // Complete is not ended: its bytes are still in memory.
        ledger.complete(first)
        holds(ledger.flow().resume.isEmpty)
        ledger.end(first)
        #expect(ledger.mayFlow(self.zero))
        same(Set(ledger.flow().resume), [self.zero, self.one])
        #expect(ledger.octets == 0)
    }

    /// A topic whose mail does not get off may fill half of what is free, and another one finds room.
    @Test func topicLeavesRoomForOthers() throws {
        let other = TopicPartition(topic: "u", partition: 0)
        var ledger = self.ledger { $0.octets = 100 }
        ledger.assign([other])
        let first = try self.ticket(&ledger, 0, 40)
        holds(ledger.flow().pause.isEmpty)
        let second = try self.ticket(&ledger, 0, 10, in: self.one)
        #expect(ledger.mayFlow(self.one))
        same(Set(ledger.flow().pause), [self.zero, self.one])
        let third = try self.ticket(&ledger, 0, 24, in: other)
        holds(!ledger.mayFlow(other))
        holds(ledger.flow().pause.isEmpty)
        ledger.complete(third)
        ledger.end(third)
        holds(ledger.flow().resume.isEmpty)
        ledger.complete(first)
        ledger.end(first)
        #expect(ledger.mayFlow(self.zero))
        same(Set(ledger.flow().resume), [self.zero, self.one])
        // What has gone with its partition counts for nobody.
        ledger.remove([self.one])
        #expect(ledger.octets == 10)
        ledger.end(second)
        #expect(ledger.octets == 0)
        let again = try self.ticket(&ledger, 1, 49)
        holds(ledger.flow().pause.isEmpty)
        ledger.end(again)
    }

    /// A pause that was decided before the topic had a consumer reached nobody.
    @Test func newConsumerIsToldOfPauses() throws {
        let other = TopicPartition(topic: "u", partition: 0)
        var ledger = self.ledger { $0.octets = 100 }
        let full = try self.ticket(&ledger, 0, 100)
        ledger.assign([other])
        same(Set(ledger.flow().pause), [self.zero, self.one, other])
        holds(ledger.flow().pause.isEmpty)
        ledger.begin(topic: "u")
        same(ledger.flow().pause, [other])
        ledger.end(full)
    }

    @Test func fullPartitionPausesAlone() throws {
        var ledger = self.ledger { $0.pendingPerPartition = 4 }
        let tickets = try (0..<4).map { try self.ticket(&ledger, $0) }
        same(ledger.flow().pause, [self.zero])
        for ticket in tickets[1...] {
            ledger.complete(ticket)
            ledger.end(ticket)
        }
        // The head keeps the tracker full.
        holds(ledger.flow().resume.isEmpty)
        ledger.complete(tickets[0])
        same(ledger.flow().resume, [self.zero])
    }

    @Test func lateHeadIsDetached() throws {
        var ledger = self.ledger { $0.patience = .seconds(30) }
        let ticket = try self.ticket(&ledger, 0)
        holds(ledger.detaching(now: self.now + .seconds(29)).isEmpty)
        same(ledger.detaching(now: self.now + .seconds(30)), [ticket])
        holds(ledger.detaching(now: self.now + .seconds(31)).isEmpty)
        // Its outcome comes meanwhile: who speaks for it is not decided yet.
        same(ledger.beginClosing(ticket), .wait)
        ledger.detached(ticket, isGuarded: true)
        same(ledger.takeCommits(), [self.zero: 1])
        same(ledger.beginClosing(ticket), .leaveToGuard)
        #expect(ledger.octets == 10)
        ledger.end(ticket)
        #expect(ledger.octets == 0)
    }

    @Test func recordWithoutGuardSpeaksForItself() throws {
        var ledger = self.ledger { $0.patience = .seconds(30) }
        let ticket = try self.ticket(&ledger, 0)
        same(ledger.detaching(now: self.now + .seconds(30)), [ticket])
        ledger.detached(ticket, isGuarded: false)
        same(ledger.beginClosing(ticket), .proceed)
        // Once its outcome is being written it is not detached any more.
        holds(ledger.detaching(now: self.now + .seconds(60)).isEmpty)
    }

    /// Many are slow, and only those are written again that half of the tracker waits for.
    @Test func olderHalfOfAFullTrackerIsDetached() throws {
        var ledger = self.ledger { $0.pendingPerPartition = 100 }
        let tickets = try (0..<80).map { try self.ticket(&ledger, $0) }
        for number in 0..<80 where number % 10 != 0 {
            ledger.complete(tickets[number])
            ledger.end(tickets[number])
        }
        let detaching = ledger.detaching(now: self.now + .seconds(2))
        same(detaching.map(\.position.offset).sorted(), [0, 10, 20, 30])
        for ticket in detaching { ledger.detached(ticket, isGuarded: true) }
        same(ledger.takeCommits(), [self.zero: 40])
        #expect(ledger.detachedRecords == 4)
        // Forty wait: it is not nearly full any more.
        holds(ledger.detaching(now: self.now + .seconds(3)).isEmpty)
        ledger.end(detaching[0])
        #expect(ledger.detachedRecords == 3)
        ledger.remove([self.zero])
        #expect(ledger.detachedRecords == 0)
    }

    @Test func headOfAFullTrackerIsDetachedBeforeItsTime() throws {
        var ledger = self.ledger { $0.pendingPerPartition = 100 }
        let tickets = try (0..<100).map { try self.ticket(&ledger, $0) }
        for ticket in tickets[1...] {
            ledger.complete(ticket)
            ledger.end(ticket)
        }
        holds(ledger.detaching(now: self.now + .milliseconds(1999)).isEmpty)
        same(ledger.detaching(now: self.now + .seconds(2)), [tickets[0]])
    }

    /// What is finished behind a slow record costs next to nothing, and does not stop reading.
    @Test func aSlowRecordDoesNotStopTheOthers() throws {
        var ledger = self.ledger { $0.inFlightPerPartition = 4 }
        let slow = try self.ticket(&ledger, 0)
        for offset in 1..<1000 {
            let ticket = try self.ticket(&ledger, Int64(offset))
            ledger.complete(ticket)
            ledger.end(ticket)
        }
        holds(ledger.flow().pause.isEmpty)
        for offset in 1000..<1003 { _ = try self.ticket(&ledger, Int64(offset)) }
        same(ledger.flow().pause, [self.zero])
        ledger.complete(slow)
        ledger.end(slow)
        holds(ledger.flow().resume.isEmpty)
    }

    @Test func lostPartitionIsNotCommitted() throws {
        var ledger = self.ledger()
        let ticket = try self.ticket(&ledger, 0)
        ledger.beginRevoke([self.zero])
        same(self.receive(&ledger, 1), nil)
        #expect(ledger.inFlight(in: [self.zero]) == 1)
        ledger.remove([self.zero])
        ledger.assign([self.zero])
        ledger.complete(ticket)
        same(ledger.takeCommits(), [:])
        #expect(ledger.octets == 10)
        ledger.end(ticket)
        #expect(ledger.octets == 0 && ledger.inFlight == 0)
        // The new ownership reads it again.
        holds(self.receive(&ledger, 0) != nil)
    }

    @Test func newerRecordBlocksItsPartition() throws {
        var ledger = self.ledger()
        let ticket = try self.ticket(&ledger, 0)
        ledger.block(ticket)
        same(ledger.flow().pause, [self.zero])
        same(self.receive(&ledger, 1), nil)
        ledger.end(ticket)
        same(ledger.takeCommits(), [:])
        holds(ledger.flow().resume.isEmpty)
        holds(ledger.detaching(now: self.now + .seconds(99)).isEmpty)
        #expect(ledger.blocked == 1)
    }

    @Test func oneMessageAtATime() {
        var ledger = self.ledger()
        holds(ledger.begin("m/x"))
        holds(!ledger.begin("m/x"))
        ledger.finish("m/x")
        holds(ledger.begin("m/x"))
    }
}
