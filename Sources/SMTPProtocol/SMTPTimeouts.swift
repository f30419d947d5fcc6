/// How long each stage may take. Defaults are the minimum that RFC 5321 section 4.5.3.2 demands, except those it does not name.
///
/// A shorter `finalDot` makes duplicates: the server may accept the message after we have given up (RFC 1047).
package struct SMTPTimeouts: Sendable, Hashable {
    package var connect: Duration = .seconds(30)
    package var banner: Duration = .seconds(300)
    package var hello: Duration = .seconds(300)
    package var startTLS: Duration = .seconds(120)
    package var tlsHandshake: Duration = .seconds(60)
    package var reset: Duration = .seconds(20)
    package var mail: Duration = .seconds(300)
    package var recipient: Duration = .seconds(300)
    package var data: Duration = .seconds(120)
    /// Between two blocks of content that the network takes.
    package var content: Duration = .seconds(180)
    /// Octets of content a second that a server must take on the whole; `content` counts anew with every block, and a server that takes one
    /// every three minutes would keep a message, and our memory of it, for hours.
    package var minimumContentRate = 4096
    package var finalDot: Duration = .seconds(600)
    package var quit: Duration = .seconds(5)

    package init() {}

    /// One limit for every stage.
    package init(all limit: Duration) {
        connect = limit
        banner = limit
        hello = limit
        startTLS = limit
        tlsHandshake = limit
        reset = limit
        mail = limit
        recipient = limit
        data = limit
        content = limit
        finalDot = limit
        quit = limit
    }

    /// How long content of this size may take as a whole.
    package func wholeContent(octets: Int) -> Duration {
        content + .milliseconds(octets / max(minimumContentRate, 1) * 1000)
    }

    /// The limit of a stage; nil for `idle`, which the connection's owner bounds.
    package subscript(stage: SMTPStage) -> Duration? {
        switch stage {
        case .connect: connect
        case .banner: banner
        case .hello: hello
        case .startTLS: startTLS
        case .tlsHandshake: tlsHandshake
        case .reset: reset
        case .mail: mail
        case .recipient: recipient
        case .data: data
        case .content: content
        case .finalDot: finalDot
        case .quit: quit
        case .idle: nil
        }
    }
}
