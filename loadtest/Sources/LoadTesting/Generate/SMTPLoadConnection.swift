import MailSink
import NIOCore
import SMTPProtocol
import SMTPTransport

/// Hands messages in by SMTP.
final class SMTPLoadConnection: LoadConnection {
    private let connection: SMTPConnection
    private let maker: MessageMaker
    private var date = DateStamp()

    private init(_ connection: SMTPConnection, maker: MessageMaker) {
        self.connection = connection
        self.maker = maker
    }

    /// Opens one. The future fails when that is not possible.
    static func open(host: SocketAddress, maker: MessageMaker, on loop: any EventLoop) -> EventLoopFuture<SMTPLoadConnection> {
        var session = SMTPClientSession.Configuration(helloName: "load.test")
        session.tlsPolicy = .none
        var configuration = SMTPClientConfiguration(session: session)
        configuration.timeouts.connect = .seconds(5)
        // A connection that is never greeted is given up, and another one tried.
        configuration.timeouts.banner = .seconds(10)
        return SMTPConnection.connect(to: host, configuration: configuration, on: loop).assumeIsolated()
            .map { SMTPLoadConnection($0, maker: maker) }.nonisolated()
    }

    var isUsable: Bool { connection.isReusable }

    func send(_ call: LoadCall) -> EventLoopFuture<LoadAnswer> {
        var bytes: [UInt8] = []
        maker.write(
            sequence: call.sequence, from: call.from, to: call.recipients, size: call.size, date: date.value(at: WallClock.now()), stamped: true,
            to: &bytes)
        let octets = bytes.count
        let transaction = SMTPTransaction(
            sender: SMTPAddress(call.from), recipients: call.recipients.compactMap { SMTPAddress($0) },
            content: SMTPContent(ByteBuffer(bytes: bytes)))
        return connection.send(transaction).map { result in Self.answer(result, octets: octets) }
    }

    func close() {
        connection.quit()
    }

    /// A call is accepted when all its recipients are.
    private static func answer(_ result: SMTPTransactionResult, octets: Int) -> LoadAnswer {
        var answer = LoadAnswer(outcome: .accepted, code: 250, octets: octets)
        for outcome in result.recipients {
            switch outcome {
            case .accepted: continue
            case .rejected(let reply, _), .deferred(let reply, _): answer = LoadAnswer(outcome: .refused, code: reply.code, octets: octets)
            case .refusedLocally: answer = LoadAnswer(outcome: .refused, code: 0, octets: octets)
            case .interrupted:
                // Before the content was complete nothing can have been accepted.
                return LoadAnswer(outcome: outcome.isInDoubt ? .inDoubt : .refused, code: outcome.reply?.code ?? 0, octets: octets)
            }
        }
        return answer
    }
}
