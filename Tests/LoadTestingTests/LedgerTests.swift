import LoadTesting
import MailSink
import Testing

@Suite struct LedgerTests {
    private static let run: UInt32 = 7

    private func ledger(recipients: Int = 1) -> LoadLedger {
        var stream = LoadStream(name: "load")
        stream.messages = 1
        stream.recipients = recipients
        return LoadLedger(run: Self.run, streams: [stream], begin: 0, keepsIDs: true)
    }

    private func sent(_ sequence: UInt64, _ outcome: SentRecord.Outcome = .accepted, recipients: UInt16 = 1, idHash: UInt64 = 0) -> SentRecord {
        SentRecord(
            sequence: sequence, run: Self.run, recipients: recipients, outcome: outcome, stream: 0, scheduled: 1_000_000, began: 1_000_000,
            answered: 2_000_000, idHash: idHash, octets: 100, code: outcome == .accepted ? 200 : 400, flags: [])
    }

    private func arrival(
        _ sequence: UInt64, _ recipient: UInt16 = 0, _ kind: Arrival.Kind = .accepted, run: UInt32 = LedgerTests.run, flags: Arrival.Flags = []
    ) -> Arrival {
        Arrival(
            sequence: sequence, run: run, recipient: recipient, kind: kind, flags: flags, time: 5_000_000, connection: 1, octets: 100, provider: 0,
            code: kind == .accepted ? 250 : 550, source: (0, 0))
    }

    @Test func everythingArrives() {
        var ledger = ledger(recipients: 2)
        ledger.add(sent(0, recipients: 2))
        #expect(ledger.open == 2)
        ledger.add(arrival(0, 0))
        ledger.add(arrival(0, 1))
        #expect(ledger.open == 0)
        let account = ledger.closed()
        #expect(account.expected == 2 && account.delivered == 2 && account.lost == 0 && account.doubled == 0)
    }

    /// A fast system delivers before its caller has read the answer.
    @Test func arrivalBeforeItsAnswer() {
        var ledger = ledger()
        ledger.add(arrival(0))
        #expect(ledger.unclaimed == 1)
        ledger.add(sent(0))
        #expect(ledger.open == 0 && ledger.unclaimed == 0 && ledger.closed().delivered == 1)
    }

    @Test func whatIsMissingIsLost() {
        var ledger = ledger(recipients: 2)
        ledger.add(sent(3, recipients: 2))
        ledger.add(arrival(3, 1))
        let account = ledger.closed()
        #expect(account.lost == 1 && account.lostExamples == ["3.0"])
    }

    @Test func copiesAreDoubled() {
        var ledger = ledger()
        ledger.add(sent(0))
        for _ in 0..<3 { ledger.add(arrival(0)) }
        #expect(ledger.closed().doubled == 2 && ledger.closed().delivered == 1)
    }

    @Test(arguments: [Arrival.Flags.alteredHead, .alteredBody])
    func alterations(flags: Arrival.Flags) {
        var ledger = ledger()
        ledger.add(sent(0))
        ledger.add(arrival(0, flags: flags))
        #expect(ledger.closed().altered == 1)
    }

    @Test func strangers() {
        var ledger = ledger()
        ledger.add(sent(0, .refused))
        // Refused and there nevertheless; another run's; without an id; of a recipient that the message has not.
        ledger.add(arrival(0))
        ledger.add(arrival(1, run: 8))
        ledger.add(arrival(2, flags: .foreign))
        ledger.add(sent(3))
        ledger.add(arrival(3, 1))
        // Nobody sent it.
        ledger.add(arrival(99))
        #expect(ledger.closed().strangers == 5)
    }

    @Test func refusedForGoodIsBounced() {
        var ledger = ledger()
        ledger.add(sent(0))
        ledger.add(arrival(0, 0, .deferred))
        #expect(ledger.open == 1)
        ledger.add(arrival(0, 0, .refused))
        ledger.add(arrival(0, 0, .refused))
        let account = ledger.closed()
        #expect(account.bounced == 1 && account.lost == 0 && account.deferrals == 1)
    }

    /// One attempt was refused and another was not: it is there, so it did not bounce.
    @Test func deliveredAfterARefusal() {
        var ledger = ledger()
        ledger.add(sent(0))
        ledger.add(arrival(0, 0, .refused))
        ledger.add(arrival(0))
        let account = ledger.closed()
        #expect(account.bounced == 0 && account.delivered == 1 && ledger.open == 0)
    }

    @Test func bouncesBySystemsWord() {
        var ledger = ledger()
        ledger.add(sent(0, idHash: 42))
        let (other, own) = (ledger.bounced(idHash: 43), ledger.bounced(idHash: 42))
        #expect(!other && own)
        #expect(ledger.closed().bounced == 1 && ledger.open == 0)
    }

    @Test func inDoubtIsNeitherLostNorDoubled() {
        var ledger = ledger()
        ledger.add(sent(0, .inDoubt))
        ledger.add(sent(1, .inDoubt))
        ledger.add(arrival(1))
        let account = ledger.closed()
        #expect(account.lost == 0 && account.expected == 0 && account.delivered == 0)
        #expect(ledger.messages.inDoubt == 2 && ledger.messages.inDoubtDelivered == 1)
        ledger.add(arrival(1))
        #expect(ledger.closed().doubled == 1)
    }

    /// A call that nobody answered is accepted as a whole or not at all.
    @Test func aCallInDoubtMayBePartial() {
        var ledger = ledger()
        for sequence in 0..<3 { ledger.add(sent(UInt64(sequence), .inDoubt, recipients: 2)) }
        ledger.add(arrival(0, 0))
        ledger.add(arrival(1, 0))
        ledger.add(arrival(1, 1))
        let messages = ledger.closedMessages()
        #expect(messages.inDoubt == 3 && messages.inDoubtDelivered == 2 && messages.partial == 1)
        ledger.add(arrival(0, 1))
        #expect(ledger.closedMessages().partial == 0)
    }

    /// A generator that cannot keep its rate says so, and says whose fault it is.
    @Test(arguments: [true, false])
    func fallingBehind(waited: Bool) {
        var stream = LoadStream(name: "load")
        stream.rate = 100
        stream.messages = 1_000
        var account = StreamAccount(stream)
        for number in 0..<1_000 {
            var record = sent(UInt64(number))
            record.scheduled = Int64(number) * 10_000_000
            record.began = record.scheduled + (number >= 990 ? 150_000_000 : 0)
            record.flags = waited ? .waitedForConnection : []
            account.add(record)
        }
        #expect(account.late == 10)
        #expect(account.fellBehind?.contains(waited ? "the system did not take them" : "the generator itself was late") == true)
    }

    @Test func keepingUp() {
        var stream = LoadStream(name: "load")
        stream.rate = 100
        stream.messages = 100
        var account = StreamAccount(stream)
        for number in 0..<100 {
            var record = sent(UInt64(number))
            record.scheduled = Int64(number) * 10_000_000
            record.began = record.scheduled + 1_000_000
            account.add(record)
        }
        #expect(account.fellBehind == nil)
    }
}
