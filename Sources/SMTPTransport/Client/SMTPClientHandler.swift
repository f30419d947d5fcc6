import NIOCore
import NIOSSL
import NIOTLS
import SMTPProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// Drives an ``SMTPClientSession`` on a channel: turns its actions into writes, timers and TLS.
///
/// All actions of one round are written before one flush, so a pipelined group, or the content with its final dot, is one system call.
final class SMTPClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Running {
        var promise: EventLoopPromise<SMTPTransactionResult>
        var beforeFinalDot: (([Int]) -> EventLoopFuture<Void>)?
        var octets: Int
        /// When the network must have taken all of the content.
        var contentDeadline: NIODeadline?
    }

    private let eventLoop: any EventLoop
    private let configuration: SMTPClientConfiguration
    private let serverName: String?
    private var session: SMTPClientSession
    private var ready: EventLoopPromise<SMTPConnection>?
    private var running: Running?
    private var content: SMTPContentStream?
    private var timer: DeadlineTimer?
    private var context: ChannelHandlerContext?
    private var tlsHandler: NIOSSLHandler?
    private var isDraining = false
    private var needsFlush = false
    /// The transaction ended with content that the network has not taken.
    private var leavesContentUnsent = false
    private(set) var transactionCount = 0

    init(configuration: SMTPClientConfiguration, serverName: String?, ready: EventLoopPromise<SMTPConnection>) {
        self.eventLoop = ready.futureResult.eventLoop
        self.configuration = configuration
        self.serverName = serverName
        self.session = SMTPClientSession(configuration: configuration.session, startsEncrypted: configuration.startsEncrypted)
        self.ready = ready
    }

    // MARK: - For the connection

    var isReusable: Bool { session.isReady && running == nil && context?.channel.isActive == true }

    func send(_ transaction: SMTPTransaction, beforeFinalDot: (([Int]) -> EventLoopFuture<Void>)?) -> EventLoopFuture<SMTPTransactionResult> {
        guard let context, running == nil else {
            let outcome = SMTPRecipientOutcome.interrupted(SMTPInterruption(stage: .idle, cause: .notConnected))
            let result = SMTPTransactionResult(recipients: Array(repeating: outcome, count: transaction.recipients.count))
            return eventLoop.makeSucceededFuture(result)
        }
        let promise = context.eventLoop.makePromise(of: SMTPTransactionResult.self)
        running = Running(promise: promise, beforeFinalDot: beforeFinalDot, octets: transaction.content.octets)
        transactionCount += 1
        session.start(transaction)
        drain()
        return promise.futureResult
    }

    func quit() {
        session.quit()
        drain()
    }

    func closeNow() {
        session.channelInactive()
        drain()
    }

    /// The channel never became active.
    func connectFailed(_ error: any Error) {
        let cause: SMTPInterruption.Cause
        switch error {
        case ChannelError.connectTimeout: cause = .timedOut
        case let error as IOError where Self.isOfThisSide(error.errnoCode): cause = .noResources(error.description)
        case let error as IOError: cause = .connectFailed(error.description)
        default: cause = .connectFailed(String(describing: type(of: error)))
        }
        failReady(SMTPInterruption(stage: .connect, cause: cause))
    }

    /// Errors of `socket(2)`, `bind(2)` and `connect(2)` that say nothing of the far side.
    private static func isOfThisSide(_ code: CInt) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE].contains(code)
    }

    /// - Throws: when there is no context or the server name is not fit for SNI.
    func makeTLSHandler() throws -> NIOSSLClientHandler {
        guard let tlsContext = configuration.tlsContext else { throw SMTPTransportError(.noTLSContext) }
        let handler = try NIOSSLClientHandler(context: tlsContext, serverHostname: sniName)
        tlsHandler = handler
        return handler
    }

    /// Address literals and trailing dots are no SNI names (RFC 6066 section 3).
    private var sniName: String? {
        guard var name = serverName else { return nil }
        if name.utf8.last == 0x2E { name.removeLast() }
        let isName = !name.isEmpty && (try? SocketAddress(ipAddress: name, port: 0)) == nil
        return isName ? name : nil
    }

    // MARK: - Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        timer = DeadlineTimer(eventLoop: context.eventLoop) { [unowned self] in
            session.timedOut()
            drain()
        }
        if context.channel.isActive { connected() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelActive(context: ChannelHandlerContext) {
        connected()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        session.receive(unwrapInboundIn(data))
        drain()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, content != nil {
            // The network took a block: its time limit starts again (RFC 5321 section 4.5.3.2.5).
            timer?.arm(contentPatience)
            drain()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            session.tlsEstablished()
            drain()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if session.currentStage == .tlsHandshake, !(error is IOError) {
            session.tlsFailed(Self.kind(of: error))
        } else {
            session.channelInactive()
        }
        drain()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    /// Until the next block, or until the whole must have been taken.
    private var contentPatience: Duration {
        guard let deadline = running?.contentDeadline else { return configuration.timeouts.content }
        return min(configuration.timeouts.content, .nanoseconds(max((deadline - eventLoop.now).nanoseconds, 0)))
    }

    private func connected() {
        session.connected()
        drain()
    }

    private func end() {
        guard context != nil else { return }
        session.channelInactive()
        drain()
        timer?.cancel()
        timer = nil
        content = nil
        tlsHandler = nil
        context = nil
        failReady(SMTPInterruption(stage: .connect, cause: .connectionClosed))
    }

    // MARK: - Actions

    /// Performs actions until the session has no more. Inputs that actions cause (a hook that answers at once, an owner that sends the next message from its
    /// callback) are taken up by the loop that is running already.
    private func drain() {
        guard !isDraining, let context else { return }
        isDraining = true
        defer { isDraining = false }
        while true {
            while let action = session.nextAction() {
                perform(action, context)
            }
            if content != nil, context.channel.isWritable {
                writeContent(context)
            } else if needsFlush {
                needsFlush = false
                // May make the channel writable again before it returns.
                context.flush()
            } else {
                return
            }
        }
    }

    private func perform(_ action: SMTPClientSession.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .write(let bytes):
            context.write(wrapOutboundOut(bytes), promise: nil)
            needsFlush = true
        case .writeContent(let stream):
            content = stream
            let octets = running?.octets ?? 0
            running?.contentDeadline = eventLoop.now + TimeAmount(configuration.timeouts.wholeContent(octets: octets))
        case .beforeFinalDot(let recipients):
            askBeforeFinalDot(recipients)
        case .startTLS:
            startTLS(context)
        case .arm(let stage):
            timer?.arm(configuration.timeouts[stage])
        case .disarm:
            timer?.disarm()
        case .ready(let facts):
            let connection = SMTPConnection(channel: context.channel, handler: self, server: facts, tls: tlsHandler.map(SMTPTLSInfo.init))
            let promise = ready
            ready = nil
            promise?.succeed(connection)
        case .failed(let interruption):
            failReady(interruption)
        case .finished(let result):
            if content != nil || !context.channel.isWritable { leavesContentUnsent = true }
            content = nil
            let promise = running?.promise
            running = nil
            promise?.succeed(result)
        case .close:
            content = nil
            if needsFlush {
                needsFlush = false
                context.flush()
            }
            if leavesContentUnsent { discardUnsent(context) }
            context.close(promise: nil)
        }
    }

    /// Makes closing a reset. A server that does not read would otherwise keep what is unsent, and the socket with it, in our kernel for many minutes.
    private func discardUnsent(_ context: ChannelHandlerContext) {
        guard let options = context.channel as? any SocketOptionProvider else { return }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
    }

    private func writeContent(_ context: ChannelHandlerContext) {
        while context.channel.isWritable, let slice = content?.next() {
            context.write(wrapOutboundOut(slice), promise: nil)
            needsFlush = true
        }
        if content?.isAtEnd == true {
            content = nil
            session.contentWritten()
        }
    }

    private func askBeforeFinalDot(_ recipients: [Int]) {
        guard let hook = running?.beforeFinalDot else { return session.proceed() }
        let transaction = transactionCount
        hook(recipients).assumeIsolated().whenComplete { [self] outcome in
            guard transaction == transactionCount, running != nil else { return }
            switch outcome {
            case .success: session.proceed()
            case .failure: session.abort()
            }
            drain()
        }
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(makeTLSHandler(), position: .first)
        } catch {
            session.tlsFailed(Self.kind(of: error))
        }
    }

    private func failReady(_ interruption: SMTPInterruption) {
        let promise = ready
        ready = nil
        promise?.fail(interruption)
    }

    /// The kind of a TLS error: the error's own name and, where BoringSSL says it, its reason. Nothing the peer wrote.
    private static func kind(of error: any Error) -> String {
        String(String(describing: error).prefix(200))
    }
}
