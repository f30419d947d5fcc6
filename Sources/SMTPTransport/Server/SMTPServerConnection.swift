package import NIOCore
import NIOSSL
import NIOTLS
package import SMTPProtocol

/// One client's connection to an ``SMTPServer``: the channel handler that drives an ``SMTPServerSession``, and what the application holds of it. To be used on
/// its event loop only.
package final class SMTPServerConnection: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Event that asks a connection to end after the message on its way.
    struct Quiesce: Sendable {}

    /// Octets that are kept unread while the application thinks.
    private static let bufferLimit = 65_536
    /// How long, and how many octets, a client may go on sending after our last word. Closing with unread octets would reset the connection and could take that
    /// word away from the client.
    private static let lingerTime = Duration.seconds(2)
    private static let lingerOctets = 64 << 20

    /// Unique within the process.
    package let id: UInt64
    /// The channel's, known once it is active.
    package private(set) var remoteAddress: SocketAddress?
    package private(set) var localAddress: SocketAddress?
    /// nil in clear.
    package private(set) var tls: SMTPTLSInfo?

    private let configuration: SMTPServerConfiguration
    private let makeDelegate: (SMTPServerConnection) -> any SMTPServerDelegate
    private let isRefused: Bool
    /// The session starts when its handshake is done.
    private let implicitTLSHandler: NIOSSLServerHandler?
    private var session: SMTPServerSession
    private var delegate: (any SMTPServerDelegate)?
    private var context: ChannelHandlerContext?
    private var timer: DeadlineTimer?
    private var tlsHandler: NIOSSLHandler?
    private var isDraining = false
    private var isReadPending = false
    private var isPaused = false
    private var isAwaitingAnswer = false
    private var lingering: Int?
    /// The client has ended its side: nothing more comes, and answers to what came still go out.
    private var isInputClosed = false

    init(
        id: UInt64, configuration: SMTPServerConfiguration, implicitTLSHandler: NIOSSLServerHandler?, isRefused: Bool,
        makeDelegate: @escaping (SMTPServerConnection) -> any SMTPServerDelegate
    ) {
        self.id = id
        self.configuration = configuration
        self.isRefused = isRefused
        self.makeDelegate = makeDelegate
        self.implicitTLSHandler = implicitTLSHandler
        self.tlsHandler = implicitTLSHandler
        self.session = SMTPServerSession(configuration: configuration.session, isEncrypted: implicitTLSHandler != nil)
    }

    // MARK: - For the application

    package var eventLoop: any EventLoop {
        guard let context else { preconditionFailure("the connection is not on a channel") }
        return context.eventLoop
    }

    /// Whether the channel is still there.
    package var isOpen: Bool { context != nil }

    /// Answers the last request. Ignored when the connection is gone.
    package func answer(_ answer: SMTPServerAnswer) {
        guard context != nil else { return }
        isAwaitingAnswer = false
        session.answer(answer)
        drain()
    }

    /// Writes octets as they are, outside the dialogue, for a server that is to misbehave.
    package func writeRaw(_ bytes: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Reads no more, and leaves alone what was read and not looked at: it is as if it had never come, also when the client gives up and
    /// the system hands over what was left. The connection stays until the client, the idle time or ``close()`` ends it; a client's end is not
    /// always seen, for a reset may get lost at a window that is shut.
    package func stopReading() {
        isPaused = true
        timer?.arm(configuration.idleTimeout)
    }

    /// Writes octets as they are, outside the dialogue, and closes in the way that lets the client read them.
    package func close(after bytes: ByteBuffer) {
        guard let context, lingering == nil else { return }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        linger(context)
    }

    /// Closes at once and without a word.
    package func close() {
        context?.close(promise: nil)
    }

    // MARK: - Channel

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        timer = DeadlineTimer(eventLoop: context.eventLoop) { [unowned self] in expire() }
        if context.channel.isActive { begin(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    package func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The end of a connection brings all that was sent before it, whether it was asked for or not.
        guard !isPaused else { return }
        let bytes = unwrapInboundIn(data)
        if let octets = lingering {
            lingering = octets + bytes.readableBytes
            if octets + bytes.readableBytes > Self.lingerOctets { context.close(promise: nil) }
            return
        }
        session.receive(bytes)
        if !isAwaitingAnswer { timer?.arm(configuration.idleTimeout) }
        drain()
    }

    package func read(context: ChannelHandlerContext) {
        if isPaused || (isAwaitingAnswer && session.bufferedOctets > Self.bufferLimit) {
            isReadPending = true
        } else {
            context.read()
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            tls = tlsHandler.map(SMTPTLSInfo.init)
            // One of the two has an effect: the handshake was the connection's beginning, or STARTTLS's.
            session.connected()
            session.tlsEstablished()
            drain()
        case is Quiesce:
            session.quiesce()
            drain()
        case ChannelEvent.inputClosed:
            isInputClosed = true
            // Whoever waits for nothing of ours has gone.
            if isPaused || lingering != nil { context.close(promise: nil) } else { drain() }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard delegate == nil, lingering == nil else { return }
        remoteAddress = context.channel.remoteAddress
        localAddress = context.channel.localAddress
        if isRefused {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: "421 4.7.0 Too many connections\r\n")), promise: nil)
            linger(context)
            return
        }
        delegate = makeDelegate(self)
        timer?.arm(configuration.idleTimeout)
        if implicitTLSHandler == nil {
            session.connected()
            drain()
        }
    }

    private func expire() {
        if lingering != nil || isPaused {
            context?.close(promise: nil)
        } else if !isAwaitingAnswer {
            session.timedOut()
            drain()
        }
    }

    private func end() {
        guard context != nil else { return }
        timer?.cancel()
        timer = nil
        tlsHandler = nil
        context = nil
        let delegate = delegate
        self.delegate = nil
        delegate?.closed(connection: self)
    }

    // MARK: - Actions

    private func drain() {
        guard !isDraining, lingering == nil else { return }
        isDraining = true
        defer { isDraining = false }
        while let context, let action = session.nextAction() {
            switch action {
            case .write(let bytes):
                context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            // Answers to what came before still go out.
            case .content where isPaused, .request where isPaused, .discard where isPaused: continue
            case .content(let bytes):
                delegate?.receive(content: bytes, connection: self)
            case .request(let request):
                isAwaitingAnswer = true
                delegate?.handle(request, connection: self)
                // While the application thinks, the client's clock does not run.
                if isAwaitingAnswer, !isPaused { timer?.disarm() } else { timer?.arm(configuration.idleTimeout) }
            case .discard:
                delegate?.discardContent(connection: self)
            case .startTLS:
                startTLS(context)
            case .close:
                linger(context)
            }
        }
        guard let context, !isPaused, !isAwaitingAnswer else { return }
        if isInputClosed, lingering == nil { return linger(context) }
        if isReadPending {
            isReadPending = false
            context.read()
        }
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        guard let tlsContext = configuration.tlsContext else { return context.close(promise: nil) }
        let handler = NIOSSLServerHandler(context: tlsContext)
        tlsHandler = handler
        do {
            try context.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Says that nothing more comes and gives the client a moment to read it.
    private func linger(_ context: ChannelHandlerContext) {
        lingering = 0
        // TLS says goodbye by itself.
        guard tlsHandler == nil, !isPaused else { return context.close(promise: nil) }
        timer?.arm(Self.lingerTime)
        context.close(mode: .output, promise: nil)
    }
}
