import NIOCore
import SMTPProtocol

/// Plays a client session and writes down what it does, a line per action.
struct ClientHarness {
    enum Decision { case proceed, abort, wait }

    var session: SMTPClientSession
    /// `C: …` for each line written, `S: …` for each line received, and the other actions by name.
    var log: [String] = []
    /// Lines written since the last look.
    var written = ""
    /// Number of separate writes.
    var writes = 0
    var armed: SMTPStage?
    var result: SMTPTransactionResult?
    var failure: SMTPInterruption?
    var facts: SMTPServerFacts?
    var isClosed = false
    var decision = Decision.proceed
    /// Whether content is reported as written at once.
    var writesContent = true

    init(_ change: (inout SMTPClientSession.Configuration) -> Void = { _ in }, startsEncrypted: Bool = false) {
        var configuration = SMTPClientSession.Configuration(helloName: "mail.example.com")
        configuration.tlsPolicy = .none
        change(&configuration)
        session = SMTPClientSession(configuration: configuration, startsEncrypted: startsEncrypted)
    }

    mutating func connect() {
        session.connected()
        drain()
    }

    mutating func receive(_ text: String) {
        for line in text.split(separator: "\r\n") { log.append("S: \(line)") }
        session.receive(ByteBuffer(string: text))
        drain()
    }

    mutating func start(_ transaction: SMTPTransaction) {
        result = nil
        session.start(transaction)
        drain()
    }

    mutating func input(_ body: (inout SMTPClientSession) -> Void) {
        body(&session)
        drain()
    }

    mutating func drain() {
        while let action = session.nextAction() {
            switch action {
            case .write(let bytes):
                let text = String(buffer: bytes)
                written += text
                writes += 1
                for line in text.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast() { log.append("C: \(line)") }
            case .writeContent(var stream):
                var text = ""
                while let part = stream.next() { text += String(buffer: part) }
                written += text
                log.append("content \(text.utf8.count)")
                if writesContent { session.contentWritten() }
            case .beforeFinalDot(let recipients):
                log.append("beforeFinalDot \(recipients)")
                switch decision {
                case .proceed: session.proceed()
                case .abort: session.abort()
                case .wait: break
                }
            case .startTLS: log.append("startTLS")
            case .arm(let stage): armed = stage
            case .disarm: armed = nil
            case .ready(let facts):
                self.facts = facts
                log.append("ready")
            case .failed(let interruption):
                failure = interruption
                log.append("failed")
            case .finished(let result):
                self.result = result
                log.append("finished")
            case .close:
                isClosed = true
                log.append("close")
            }
        }
    }

    static func transaction(_ recipients: Int = 1, content: String = "Subject: x\r\n\r\nhello\r\n") -> SMTPTransaction {
        SMTPTransaction(
            sender: SMTPAddress("a@example.com"),
            recipients: (0..<recipients).compactMap { SMTPAddress("r\($0)@example.net") },
            content: SMTPContent(ByteBuffer(string: content)))
    }
}
