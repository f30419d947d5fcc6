import MailSink
import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import SMTPTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct EncryptionTests {
    private func connect(_ sink: MailSink) async throws -> SMTPConnection {
        var session = SMTPClientSession.Configuration(helloName: "client.test")
        session.tlsPolicy = .required
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        let configuration = SMTPClientConfiguration(session: session, tlsContext: try NIOSSLContext(configuration: tls))
        return try await SMTPConnection.connect(to: sink.addresses[0], configuration: configuration, on: MultiThreadedEventLoopGroup.singleton.next())
            .get()
    }

    private func send(_ connection: SMTPConnection) async throws -> SMTPTransactionResult {
        let recipient = try #require(SMTPAddress("b@x.y"))
        let transaction = SMTPTransaction(
            sender: SMTPAddress("a@x.y"), recipients: [recipient], content: SMTPContent(ByteBuffer(string: "Subject: x\r\n\r\nx\r\n")))
        return try await connection.eventLoop.flatSubmit { connection.send(transaction) }.get()
    }

    @Test func requiredRefusesMailInClear() async throws {
        try await SinkDialogue.with({ $0.encryption = .required }) { (sink: MailSink) async throws in
            let replies = try await SinkDialogue.replies("MAIL FROM:<a@x.y>\r\nNOOP\r\n", sink)
            #expect(replies.dropFirst(2).first == "530 5.7.0 Must issue a STARTTLS command first")
            let connection = try await connect(sink)
            #expect(connection.tls != nil)
            #expect(try await send(connection).recipients.allSatisfy { $0.failureClass == nil })
            _ = try await connection.eventLoop.flatSubmit { connection.quit() }.get()
        }
    }

    @Test func noneAndOptional() async throws {
        try await SinkDialogue.with({
            $0.tls = .selfSigned
            $0.encryption = .none
        }) { (sink: MailSink) async throws in
            #expect(sink.certificatePEM == nil)
            #expect(try await SinkDialogue.codes("STARTTLS\r\nMAIL FROM:<a@x.y>\r\n", sink) == ["503", "250", "221"])
        }
        try await SinkDialogue.with({ $0.tls = .selfSigned }) { (sink: MailSink) async throws in
            #expect(sink.certificatePEM != nil)
            #expect(try await SinkDialogue.codes("MAIL FROM:<a@x.y>\r\n", sink) == ["250", "221"])
            let connection = try await connect(sink)
            _ = try await connection.eventLoop.flatSubmit { connection.quit() }.get()
        }
    }

    @Test func brokenSaysYesAndMeansNo() async throws {
        try await SinkDialogue.with({ $0.encryption = .broken }) { (sink: MailSink) async throws in
            let interruption = await #expect(throws: SMTPInterruption.self) { try await connect(sink) }
            #expect(interruption?.stage == .tlsHandshake || interruption?.stage == .startTLS)
            // In clear it is a server like others.
            #expect(try await SinkDialogue.codes("MAIL FROM:<a@x.y>\r\n", sink) == ["250", "221"])
        }
    }
}
