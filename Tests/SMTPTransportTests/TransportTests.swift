import MailSink
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    struct Aborted: Error {}

    @Test(arguments: [true, false], [true, false]) func delivers(pipelining: Bool, chunking: Bool) async throws {
        var harness = try await TransportHarness()
        harness.configuration.session.usesPipelining = pipelining
        harness.configuration.session.usesChunking = chunking
        let connection = try await harness.connect()
        for number in 0..<3 {
            let content = "Message-ID: <m\(number)@x>\r\n\r\n.dot\r\n..two\r\nend\r\n"
            let result = try await TransportHarness.send(
                TransportHarness.transaction(recipients: ["a@x.y", "b@x.y"], content: content), on: connection)
            #expect(result.recipients.map(\.failureClass) == [nil, nil])
            #expect(try await TransportHarness.isReusable(connection))
        }
        try await TransportHarness.quit(connection)
        let messages = harness.sink.messages
        #expect(messages.map(\.id) == ["m0@x", "m1@x", "m2@x"])
        #expect(messages.allSatisfy { $0.recipients == ["a@x.y", "b@x.y"] && $0.sender == "a@example.com" && $0.hello == "client.example.com" })
        #expect(String(buffer: messages[0].content) == "Message-ID: <m0@x>\r\n\r\n.dot\r\n..two\r\nend\r\n")
        await harness.stop()
    }

    @Test(arguments: [false, true]) func largeContent(encrypted: Bool) async throws {
        var harness = try await TransportHarness { $0.tls = .selfSigned }
        harness.configuration.session.tlsPolicy = encrypted ? .required : .none
        let line = String(repeating: "x", count: 60) + "\r\n.leading dot\r\n"
        let content = "Subject: large\r\n\r\n" + String(repeating: line, count: 100_000)
        let connection = try await harness.connect()
        #expect((connection.tls != nil) == encrypted)
        let result = try await TransportHarness.send(TransportHarness.transaction(content: content), on: connection)
        #expect(result.recipients[0].failureClass == nil)
        #expect(harness.sink.messages.first?.content.readableBytes == content.utf8.count)
        #expect(harness.sink.messages.first.map { String(buffer: $0.content) == content } == true)
        try await TransportHarness.quit(connection)
        await harness.stop()
    }

    @Test func finalDotHook() async throws {
        let harness = try await TransportHarness()
        let connection = try await harness.connect()
        let loop = TransportHarness.eventLoop
        let gate = loop.makePromise(of: Void.self)
        let sent = loop.flatSubmit {
            connection.send(TransportHarness.transaction(recipients: ["a@x.y", "b@x.y"])) { accepted in
                #expect(accepted == [0, 1])
                return gate.futureResult
            }
        }
        // The connection is busy, and the message is not there before the gate opens.
        let busy = try await TransportHarness.send(TransportHarness.transaction(), on: connection)
        #expect(busy.recipients.first?.failureClass == .internal)
        #expect(harness.sink.statistics.messages == 0)
        gate.succeed()
        #expect(try await sent.get().recipients.count == 2)
        #expect(harness.sink.statistics.messages == 1)

        let aborted = try await loop.flatSubmit { connection.send(TransportHarness.transaction()) { _ in loop.makeFailedFuture(Aborted()) } }.get()
        #expect(aborted.recipients == [.interrupted(SMTPInterruption(stage: .content, cause: .aborted))])
        try await connection.closeFuture.get()
        await harness.sink.waitUntilIdle()
        #expect(harness.sink.statistics.messages == 1)
        await harness.stop()
    }

    @Test func aDroppedConnectionClosesItself() async throws {
        let harness = try await TransportHarness()
        let closed: EventLoopFuture<Void>
        do {
            let connection = try await harness.connect()
            closed = connection.closeFuture
        }
        try await closed.get()
        await harness.stop()
    }

    @Test func closingInTheMiddle() async throws {
        var rule = MailSinkRule(name: "hang", stage: .dot, action: .hang)
        rule.per = .rule
        let harness = try await TransportHarness(rules: [rule])
        let connection = try await harness.connect()
        let sent = TransportHarness.eventLoop.flatSubmit { connection.send(TransportHarness.transaction()) }
        await harness.sink.wait { $0.rules["hang"] == 1 }
        try await TransportHarness.eventLoop.flatSubmit { connection.close() }.get()
        let result = try await sent.get()
        #expect(result.recipients.first?.isInDoubt == true)
        await harness.stop()
    }

    @Test func nobodyListens() async throws {
        let harness = try await TransportHarness()
        await harness.stop()
        let failure = await #expect(throws: SMTPInterruption.self) { _ = try await harness.connect() }
        #expect(failure?.stage == .connect)
        #expect(failure?.failureClass == .transient)
        guard case .connectFailed = failure?.cause else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func sourceAddress() async throws {
        let harness = try await TransportHarness()
        let source = try SocketAddress(ipAddress: "127.0.0.9", port: 0)
        let connection = try await SMTPConnection.connect(
            to: harness.sink.addresses[0], localAddress: source, configuration: harness.configuration, on: TransportHarness.eventLoop
        ).get()
        #expect(connection.localAddress?.ipAddress == "127.0.0.9")
        _ = try await TransportHarness.send(TransportHarness.transaction(), on: connection)
        #expect(harness.sink.messages.first?.remoteAddress == "127.0.0.9")
        try await TransportHarness.quit(connection)
        await #expect(throws: SMTPInterruption.self) {
            _ = try await SMTPConnection.connect(
                to: harness.sink.addresses[0], localAddress: try SocketAddress(ipAddress: "192.0.2.77", port: 0),
                configuration: harness.configuration,
                on: TransportHarness.eventLoop
            ).get()
        }
        await harness.stop()
    }

    // MARK: - TLS

    @Test func startTLS() async throws {
        var harness = try await TransportHarness { $0.tls = .selfSigned }
        harness.configuration.session.tlsPolicy = .required
        harness.configuration.tlsContext = try TransportHarness.tlsContext(trusting: harness.sink.certificatePEM)
        let connection = try await harness.connect()
        #expect(connection.tls == SMTPTLSInfo(version: "TLSv1.3"))
        #expect(connection.server.isEncrypted)
        let result = try await TransportHarness.send(TransportHarness.transaction(), on: connection)
        #expect(result.recipients.first?.failureClass == nil)
        #expect(harness.sink.messages.first?.tls == "TLSv1.3")
        try await TransportHarness.quit(connection)
        await harness.stop()
    }

    @Test func untrustedCertificate() async throws {
        var harness = try await TransportHarness { $0.tls = .selfSigned }
        harness.configuration.session.tlsPolicy = .required
        let other = try await MailSink.start(
            .init(listeners: [SMTPListener(address: try SocketAddress(ipAddress: "127.0.0.1", port: 0))]).selfSigned())
        harness.configuration.tlsContext = try TransportHarness.tlsContext(trusting: other.certificatePEM)
        await other.stop()
        let failure = await #expect(throws: SMTPInterruption.self) { _ = try await harness.connect() }
        #expect(failure?.stage == .tlsHandshake)
        #expect(failure?.failureClass == .policy)
        #expect(failure?.mayRetryInClear == false)
        await harness.stop()
    }

    @Test func implicitTLS() async throws {
        var harness = try await TransportHarness {
            $0.tls = .selfSigned
            $0.listeners[0].isImplicitTLS = true
        }
        harness.configuration.startsEncrypted = true
        let connection = try await harness.connect()
        #expect(connection.tls != nil)
        #expect(!connection.server.capabilities.contains(.startTLS))
        let result = try await TransportHarness.send(TransportHarness.transaction(), on: connection)
        #expect(result.recipients.first?.failureClass == nil)
        try await TransportHarness.quit(connection)

        // A client that speaks in clear to it gets nowhere, and goes.
        harness.configuration.startsEncrypted = false
        harness.configuration.timeouts = TransportHarness.timeouts(silentAt: .banner)
        let clear = harness
        await #expect(throws: SMTPInterruption.self) { _ = try await clear.connect() }
        await harness.stop()
    }

    // MARK: - Server

    @Test func tooManyConnections() async throws {
        let harness = try await TransportHarness { $0.maximumConnections = 1 }
        let first = try await harness.connect()
        let failure = await #expect(throws: SMTPInterruption.self) { _ = try await harness.connect() }
        #expect(failure?.cause == .reply(SMTPReply(code: 421, text: "4.7.0 Too many connections")))
        try await TransportHarness.quit(first)
        await harness.stop()
    }

    @Test func gracefulShutdown() async throws {
        let harness = try await TransportHarness()
        let idle = try await harness.connect()
        let busy = try await harness.connect()
        let loop = TransportHarness.eventLoop
        let asked = loop.makePromise(of: Void.self)
        let gate = loop.makePromise(of: Void.self)
        let sent = loop.flatSubmit {
            busy.send(TransportHarness.transaction()) { _ in
                asked.succeed()
                return gate.futureResult
            }
        }
        try await asked.futureResult.get()
        async let stopped: Void = harness.sink.stop(grace: .seconds(30))
        // The idle connection is told to go; the busy one may finish.
        try await idle.closeFuture.get()
        gate.succeed()
        #expect(try await sent.get().recipients.first?.failureClass == nil)
        await stopped
        try await busy.closeFuture.get()
    }
}

extension MailSinkConfiguration {
    func selfSigned() -> MailSinkConfiguration {
        var copy = self
        copy.tls = .selfSigned
        return copy
    }
}
