import NIOCore
import SMTPProtocol

/// Plays a server session that accepts everything, unless told otherwise, and writes down what it does.
struct ServerHarness {
    var session: SMTPServerSession
    var output = ""
    var writes = 0
    /// Requests by name.
    var requests: [String] = []
    /// Content of the messages that were completed.
    var messages: [String] = []
    var content = ""
    var credentials: [(String, String)] = []
    var isClosed = false
    var startsTLS = false
    /// Answers instead of acceptance, by the request's name.
    var answers: [String: SMTPServerAnswer] = [:]
    /// Whether requests are answered at once.
    var answersAtOnce = true

    init(_ change: (inout SMTPServerSession.Configuration) -> Void = { _ in }) {
        var configuration = SMTPServerSession.Configuration(hostname: "mx.test")
        change(&configuration)
        session = SMTPServerSession(configuration: configuration)
        session.connected()
        drain()
    }

    mutating func receive(_ text: String) {
        session.receive(ByteBuffer(string: text))
        drain()
    }

    /// What was written since the last call.
    mutating func take() -> String {
        defer { output = "" }
        return output
    }

    mutating func drain() {
        while let action = session.nextAction() {
            switch action {
            case .write(let bytes):
                output += String(buffer: bytes)
                writes += 1
            case .content(let slice): content += String(buffer: slice)
            case .discard: content = ""
            case .startTLS: startsTLS = true
            case .close: isClosed = true
            case .request(let request):
                let name: String
                switch request {
                case .connect: name = "connect"
                case .hello(let host, _): name = "hello \(host)"
                case .startTLS: name = "starttls"
                case .authenticate(let given):
                    name = "auth"
                    credentials.append((given.username, given.password))
                case .mail(let sender, _): name = "mail \(sender?.string ?? "<>")"
                case .recipient(let address, _): name = "rcpt \(address.string)"
                case .data:
                    name = "data"
                    content = ""
                case .message:
                    name = "message"
                    messages.append(content)
                    content = ""
                case .reset: name = "reset"
                case .noop: name = "noop"
                case .verify: name = "verify"
                case .quit: name = "quit"
                }
                requests.append(name)
                if answersAtOnce { session.answer(answers[String(name.prefix { $0 != " " })] ?? .accept) }
            }
        }
    }
}
