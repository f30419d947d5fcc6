import ApusSchema
import FoundationEssentials
import SwiftProtobuf
import Testing

/// The bytes of ``RecordFixtures`` decode for ever: never edit one, only add those of the next release.
struct RecordFixtureTests {
    /// A record as a release wrote it, and what it says.
    struct Fixture: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let expected: any Message & Equatable

        /// - Parameter hexadecimal: two digits an octet; line ends do not count.
        init(_ name: String, release: String, _ hexadecimal: String, _ expected: any Message & Equatable) {
            let digits = hexadecimal.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            self.testDescription = "\(name), \(release)"
            self.bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            self.expected = expected
        }
    }

    static let fixtures: [Fixture] = [
        Fixture(
            "OutboundMessage with body", release: "0.1.0", RecordFixtures.outboundMessageWithBody_0_1_0,
            Self.outboundMessage(.body(Data(Array("Subject: Hello\r\n\r\nGrüße".utf8) + [0x00, 0xFF, 0x0D, 0x0A])))),
        Fixture(
            "OutboundMessage with reference", release: "0.1.0", RecordFixtures.outboundMessageWithReference_0_1_0,
            Self.outboundMessage(.bodyReference("497222/0123456789abcdef0123456789abcdef"))),
        Fixture("SubmittedMessage", release: "0.1.0", RecordFixtures.submittedMessage_0_1_0, Self.submittedMessage()),
        Fixture("Send", release: "0.1.0", RecordFixtures.sendEvent_0_1_0, Self.event(.send(.init()))),
        Fixture("Reject", release: "0.1.0", RecordFixtures.rejectEvent_0_1_0, Self.event(.reject(Self.reject()))),
        Fixture("Delivery", release: "0.1.0", RecordFixtures.deliveryEvent_0_1_0, Self.event(.delivery(Self.delivery()))),
        Fixture("Bounce", release: "0.1.0", RecordFixtures.bounceEvent_0_1_0, Self.event(.bounce(Self.bounce()))),
        Fixture("DeliveryDelay", release: "0.1.0", RecordFixtures.deliveryDelayEvent_0_1_0, Self.event(.deliveryDelay(Self.delay()))),
        Fixture("DeliveryOutcome", release: "0.1.0", RecordFixtures.deliveryOutcome_0_1_0, Self.outcome()),
        Fixture("DeadRecord", release: "0.1.0", RecordFixtures.deadRecord_0_1_0, Self.deadRecord()),
        Fixture("QueueSummary", release: "0.1.0", RecordFixtures.queueSummary_0_1_0, Self.queueSummary()),
    ]

    @Test(arguments: Self.fixtures)
    func decodes(_ fixture: Fixture) throws {
        try Self.checkDecoding(fixture.bytes, fixture.expected)
    }

    /// The library writes fields by number, as the other implementation did, and no record has a map: the bytes are the same.
    @Test(arguments: Self.fixtures)
    func encodesToTheSameBytes(_ fixture: Fixture) throws {
        let encoded: [UInt8] = try fixture.expected.serializedBytes()
        #expect(encoded == fixture.bytes)
    }

    /// A field of a later release, which this one has to pass on as it is.
    @Test(arguments: Self.fixtures)
    func keepsUnknownFields(_ fixture: Fixture) throws {
        // Field 1000, a varint of 300.
        try Self.checkUnknownField([0xC0, 0x3E, 0xAC, 0x02], after: fixture.bytes, fixture.expected)
    }

    @Test(arguments: Self.fixtures)
    func survivesTruncation(_ fixture: Fixture) {
        Self.checkTruncation(fixture.bytes, fixture.expected)
    }

    // MARK: The checks, for a record of a known type

    private static func checkDecoding<Record: Message & Equatable>(_ bytes: [UInt8], _ expected: Record) throws {
        let decoded = try Record(serializedBytes: bytes)
        #expect(decoded == expected)
        // As a record goes over the bus.
        let buffer = try RecordCoding.encode(decoded)
        let again = try RecordCoding.decode(Record.self, from: buffer)
        #expect(again == expected)
    }

    private static func checkUnknownField<Record: Message & Equatable>(
        _ field: [UInt8], after bytes: [UInt8], _ expected: Record
    ) throws {
        var decoded = try Record(serializedBytes: bytes + field)
        let encoded: [UInt8] = try decoded.serializedBytes()
        #expect(encoded == bytes + field)
        #expect(decoded != expected)
        decoded.unknownFields = UnknownStorage()
        #expect(decoded == expected)
    }

    private static func checkTruncation<Record: Message & Equatable>(_ bytes: [UInt8], _ expected: Record) {
        for count in bytes.indices {
            // Cut between two fields it is a record that says less; anywhere else it is none.
            guard let decoded = try? Record(serializedBytes: Array(bytes[..<count])) else { continue }
            #expect(decoded != expected, "the first \(count) bytes")
        }
    }
}

/// What the fixtures of 0.1.0 say.
extension RecordFixtureTests {
    private static let messageID = "0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-0123456789ab-000000"

    private static func outboundMessage(_ content: Apus_V1_OutboundMessage.OneOf_Content) -> Apus_V1_OutboundMessage {
        var message = Apus_V1_OutboundMessage()
        message.schema = 1
        message.messageID = Self.messageID
        message.account = "123456789012"
        message.configurationSet = "set-of-the-message"
        message.queue = "queue-of-the-message"
        message.returnPath = "return.path@mail.example.com"
        message.recipients = ["bob@example.net", "böb@example.net"]
        message.destination = "example.net"
        message.tags = Self.tags()
        message.acceptedAtMs = 1_790_000_000_010
        message.expiresAtMs = 1_790_050_400_011
        message.attempt = 12
        message.hop = 313
        message.notBeforeMs = 1_790_000_060_014
        message.lastReply = "450 4.2.0 Greylisted, try again later"
        message.lastFailure = 2
        message.content = content
        message.mail = Self.mail()
        message.signingDomain = "signing.example.com"
        message.resumeTopic = "apus.outbound.default.transactional"
        message.eightBit = true
        message.bodyOctets = 5_000_000_023
        return message
    }

    private static func submittedMessage() -> Apus_V1_SubmittedMessage {
        var message = Apus_V1_SubmittedMessage()
        message.schema = 1
        message.message = Self.outboundMessage(.bodyReference("497222/0123456789abcdef0123456789abcdef"))
        var first = Apus_V1_SubmittedMessage.Part()
        first.destination = "example.net"
        first.recipients = ["bob@example.net", "böb@example.net"]
        var second = Apus_V1_SubmittedMessage.Part()
        second.destination = "example.org"
        second.recipients = ["carol@example.org"]
        message.parts = [first, second]
        return message
    }

    private static func event(_ kind: Apus_V1_SendingEvent.OneOf_Event) -> Apus_V1_SendingEvent {
        var event = Apus_V1_SendingEvent()
        event.schema = 1
        event.eventID = "00112233445566778899aabbccddeeff"
        event.messageID = Self.messageID
        event.account = "123456789012"
        event.configurationSet = "set-of-the-event"
        event.tags = Self.tags()
        event.acceptedAtMs = 1_790_000_000_007
        event.occurredAtMs = 1_790_000_035_008
        event.mail = Self.mail()
        event.event = kind
        return event
    }

    private static func reject() -> Apus_V1_SendingEvent.Reject {
        var reject = Apus_V1_SendingEvent.Reject()
        reject.reason = "Bad content"
        return reject
    }

    private static func delivery() -> Apus_V1_SendingEvent.Delivery {
        var delivery = Apus_V1_SendingEvent.Delivery()
        delivery.recipients = ["bob@example.net", "carol@example.org"]
        delivery.processingTimeMs = 35_001
        delivery.smtpResponse = "250 2.0.0 Ok: queued as 4F"
        delivery.reportingMta = "out1.mail.example.com"
        delivery.remoteMtaIp = "192.0.2.25"
        return delivery
    }

    private static func bounce() -> Apus_V1_SendingEvent.Bounce {
        var bounce = Apus_V1_SendingEvent.Bounce()
        bounce.bounceType = "Permanent"
        bounce.bounceSubType = "NoEmail"
        bounce.recipients = Self.recipients(action: "failed")
        bounce.feedbackID = "0100019a6f1c2d3f-fedcba98-7654-4321-8fed-cba987654321-000000"
        bounce.reportingMta = "dns; out1.mail.example.com"
        bounce.remoteMtaIp = "2001:db8::25"
        return bounce
    }

    private static func delay() -> Apus_V1_SendingEvent.DeliveryDelay {
        var delay = Apus_V1_SendingEvent.DeliveryDelay()
        delay.delayType = "General"
        delay.expirationTimeMs = 1_790_050_400_002
        delay.recipients = Self.recipients(action: "delayed")
        delay.reportingMta = "out2.mail.example.com"
        return delay
    }

    private static func outcome() -> Apus_V1_DeliveryOutcome {
        var outcome = Apus_V1_DeliveryOutcome()
        outcome.event = Self.event(.deliveryDelay(Self.delay()))
        outcome.notBeforeMs = 1_790_000_095_002
        outcome.failure = 3
        outcome.reply = "421 4.4.2 Connection closed by the server (DATA)"
        return outcome
    }

    private static func deadRecord() -> Apus_V1_DeadRecord {
        var record = Apus_V1_DeadRecord()
        record.topic = "apus.outbound.default.transactional"
        record.partition = 2_000_000_002
        record.offset = 9_000_000_000_003
        record.key = Data(Array("example.net".utf8) + [0x00, 0x04])
        record.value = Data([0xFF, 0xFE] + Array(" no record ".utf8) + [0x05])
        record.reason = "the bytes are no record"
        record.diedAtMs = 1_790_000_000_077
        return record
    }

    private static func queueSummary() -> Apus_V1_QueueSummary {
        var first = Apus_V1_QueueSummary.Lane()
        first.destinations = ["1.example.net", "1.example.org"]
        first.site = "mx1.example.net"
        first.waiting = 5_000_000_013
        first.active = 5_000_000_014
        first.connections = 21
        first.deferred = 5_000_000_016
        first.oldestAcceptedAtMs = 1_790_000_000_701
        first.lastReply = "451 4.3.2 Not now"
        first.lastReplyAtMs = 1_790_000_000_901
        first.waitsFor = "back-off until"
        var second = Apus_V1_QueueSummary.Lane()
        second.destinations = ["2.example.net", "2.example.org"]
        second.site = "mx2.example.net"
        second.waiting = 5_000_000_023
        second.active = 5_000_000_024
        second.connections = 22
        second.deferred = 5_000_000_026
        second.oldestAcceptedAtMs = 1_790_000_000_702
        second.lastReply = "452 4.3.2 Not now"
        second.lastReplyAtMs = 1_790_000_000_902
        second.waitsFor = "limit"
        var summary = Apus_V1_QueueSummary()
        summary.worker = "host-4711-815"
        summary.madeAtMs = 1_790_000_000_002
        summary.lanes = [first, second]
        summary.moreWaiting = 6_000_000_004
        summary.inFlight = 6_000_000_005
        return summary
    }

    private static func mail() -> Apus_V1_MailSummary {
        var mail = Apus_V1_MailSummary()
        mail.source = "Ann Sender <ann@example.com>"
        mail.sourceArn = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
        mail.destination = ["bob@example.net", "carol@example.org"]
        mail.headersTruncated = true
        mail.headers = [Self.header("From", "Ann Sender <ann@example.com>"), Self.header("X-Campaign", "spring")]
        mail.from = ["Ann Sender <ann@example.com>", "second.from@example.com"]
        mail.to = ["Bob <bob@example.net>", "to.two@example.net"]
        mail.cc = ["cc.one@example.org", "cc.two@example.org"]
        mail.bcc = ["bcc.one@example.org", "bcc.two@example.org"]
        mail.replyTo = ["reply.one@example.com", "reply.two@example.com"]
        mail.returnPath = "bounces@example.com"
        mail.sender = "secretary@example.com"
        mail.date = "Tue, 24 Nov 2026 00:27:25 +0000"
        mail.messageIDHeader = "message-id-header@mail.example.com"
        mail.subject = "Grüße, 你好 🐦"
        mail.hasSubject_p = true
        return mail
    }

    private static func tags() -> [Apus_V1_Tag] {
        [("ses:operation", "SendEmail"), ("campaign", "spring.2026")].map { name, value in
            var tag = Apus_V1_Tag()
            tag.name = name
            tag.value = value
            return tag
        }
    }

    private static func header(_ name: String, _ value: String) -> Apus_V1_HeaderLine {
        var line = Apus_V1_HeaderLine()
        line.name = name
        line.value = value
        return line
    }

    private static func recipients(action: String) -> [Apus_V1_SendingEvent.Recipient] {
        var first = Apus_V1_SendingEvent.Recipient()
        first.emailAddress = "bob@example.net"
        first.action = action
        first.status = "4.2.1"
        first.diagnosticCode = "smtp; 450 4.2.1 Mailbox busy"
        var second = Apus_V1_SendingEvent.Recipient()
        second.emailAddress = "carol@example.org"
        second.action = action + "-too"
        second.status = "5.1.1"
        second.diagnosticCode = "smtp; 550 5.1.1 User unknown"
        return [first, second]
    }
}
