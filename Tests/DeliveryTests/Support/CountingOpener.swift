import Delivery
import NIOCore
import SMTPProtocol
import Synchronization

/// Opens sessions and knows how many were open at once.
final class CountingOpener: MailSessionOpening {
    private let base: any MailSessionOpening
    private let state = Mutex((open: 0, peak: 0))

    init(_ base: any MailSessionOpening) { self.base = base }

    /// The most that were open or being opened at once.
    var peak: Int { self.state.withLock { $0.peak } }

    func open(
        _ address: SocketAddress, from source: SocketAddress?, host: String?, tls: SMTPTLSPolicy, on eventLoop: any EventLoop
    ) -> EventLoopFuture<any MailSession> {
        self.state.withLock { state in
            state.open += 1
            state.peak = max(state.peak, state.open)
        }
        let session = self.base.open(address, from: source, host: host, tls: tls, on: eventLoop)
        session.flatMap { $0.closed }.whenComplete { _ in self.state.withLock { $0.open -= 1 } }
        return session
    }
}
