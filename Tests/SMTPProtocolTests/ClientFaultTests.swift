import NIOCore
import SMTPProtocol
import Testing

/// Every kind of trouble at every stage, pipelined, one by one, and by chunks.
@Suite struct ClientFaultTests {
    enum Mode: String, CaseIterable { case pipelined, oneByOne, chunking }
    enum Fault: String, CaseIterable { case transient, permanent, closing, close, timeout, garbage, wrongKind }
    enum Point: String, CaseIterable { case banner, hello, mail, recipient, data, finalDot }

    struct Case: CustomTestStringConvertible {
        var mode: Mode
        var point: Point
        var fault: Fault
        var testDescription: String { "\(mode.rawValue) \(point.rawValue) \(fault.rawValue)" }
    }

    static let cases: [Case] = Mode.allCases.flatMap { mode in
        Point.allCases.flatMap { point in Fault.allCases.map { Case(mode: mode, point: point, fault: $0) } }
    }

    static let replies: [Fault: String] = [
        .transient: "450 4.2.0 later\r\n", .permanent: "550 5.2.0 never\r\n", .closing: "421 4.3.2 closing\r\n", .garbage: "garbage\r\n",
        .wrongKind: "399 odd\r\n",
    ]

    @Test(arguments: cases) func fault(_ test: Case) throws {
        if test.mode == .chunking, test.point == .data { return }
        // 354 is the right kind for DATA.
        if test.fault == .wrongKind, test.point == .data { return }
        var client = ClientHarness { $0.usesChunking = test.mode == .chunking }
        client.connect()
        /// Gives the good reply before the point, the fault at it; true once the fault was given.
        func step(_ point: Point, _ good: String, _ client: inout ClientHarness) -> Bool {
            guard point == test.point else {
                client.receive(good)
                return false
            }
            switch test.fault {
            case .close: client.input { $0.channelInactive() }
            case .timeout: client.input { $0.timedOut() }
            default: client.receive(Self.replies[test.fault] ?? "")
            }
            return true
        }
        let ehlo = test.mode == .oneByOne ? ClientSessionTests.ehlo : ClientSessionTests.ehloPipelining
        var isDone = step(.banner, "220 mx\r\n", &client)
        if !isDone { isDone = step(.hello, ehlo, &client) }
        if isDone {
            try checkOpening(test, client)
            return
        }
        client.start(ClientHarness.transaction(2))
        for (point, good) in [(Point.mail, "250 a\r\n"), (.recipient, "250 b\r\n")] where !isDone { isDone = step(point, good, &client) }
        // The second recipient is accepted where its command was sent.
        let goesOn = test.fault == .transient || test.fault == .permanent
        if !isDone || (test.point == .recipient && goesOn) { client.receive("250 c\r\n") }
        if isDone, test.point == .recipient, goesOn {
            if test.mode != .chunking { client.receive("354 go\r\n") }
            client.receive("250 done\r\n")
            let result = try #require(client.result)
            #expect(result.recipients[1] == .accepted(SMTPReply(code: 250, text: "done")))
            #expect(result.recipients[0].failureClass == (test.fault == .permanent ? .permanent : .transient))
            #expect(client.session.isReady)
            return
        }
        if !isDone, test.mode != .chunking { isDone = step(.data, "354 go\r\n", &client) }
        if !isDone { isDone = step(.finalDot, "250 done\r\n", &client) }
        // The rest of a pipelined group is answered as servers do.
        if goesOn, test.mode != .oneByOne, test.point == .mail {
            client.receive("503 x\r\n503 x\r\n" + (test.mode == .pipelined ? "503 x\r\n" : ""))
        }
        try checkTransaction(test, client)
    }

    private func checkOpening(_ test: Case, _ client: ClientHarness) throws {
        if test.point == .hello, test.fault == .permanent {
            #expect(client.log.last == "C: HELO mail.example.com")
            return
        }
        let failure = try #require(client.failure)
        #expect(failure.stage == (test.point == .banner ? .banner : .hello))
        #expect(failure.failureClass == (test.fault == .permanent ? .permanent : .transient))
        #expect(!failure.dataMayBeAccepted)
        switch test.fault {
        case .close: #expect(failure.cause == .connectionClosed)
        case .timeout: #expect(failure.cause == .timedOut)
        case .garbage: #expect(failure.cause == .protocolViolation(SMTPProtocolError(.malformedReply)))
        default: if case .reply = failure.cause {} else { Issue.record("cause \(failure.cause)") }
        }
        // After a reply that does not close the session is left politely.
        let isPolite = client.log.last == "C: QUIT"
        #expect(client.isClosed || isPolite)
    }

    private func checkTransaction(_ test: Case, _ client: ClientHarness) throws {
        let result = try #require(client.result, "\(client.log)")
        let stage: SMTPStage = [.mail: .mail, .recipient: .recipient, .data: .data, .finalDot: .finalDot][test.point] ?? .idle
        let isInDoubt = test.point == .finalDot && [.close, .timeout, .garbage, .wrongKind].contains(test.fault)
        for outcome in result.recipients {
            #expect(outcome.isInDoubt == isInDoubt)
            switch (test.fault, outcome) {
            case (.transient, .deferred(let reply, let at)): #expect(reply.code == 450 && at == stage)
            case (.permanent, .rejected(let reply, let at)): #expect(reply.code == 550 && at == stage)
            case (.closing, .deferred(let reply, let at)): #expect(reply.code == 421 && at == stage)
            case (.close, .interrupted(let interruption)):
                #expect(interruption.cause == .connectionClosed)
                #expect(interruption.stage == stage)
            case (.timeout, .interrupted(let interruption)):
                #expect(interruption.cause == .timedOut)
                #expect(interruption.stage == stage)
            case (.garbage, .interrupted(let interruption)):
                #expect(interruption.cause == .protocolViolation(SMTPProtocolError(.malformedReply)))
            case (.wrongKind, .interrupted(let interruption)):
                #expect(interruption.cause == .protocolViolation(SMTPProtocolError(.unexpectedReply)))
            default: Issue.record("\(test.testDescription): \(outcome)")
            }
        }
        let survives = test.fault == .transient || test.fault == .permanent
        #expect(client.session.isReady == survives)
        #expect(client.isClosed == !survives)
    }
}
