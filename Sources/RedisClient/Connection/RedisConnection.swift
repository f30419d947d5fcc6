internal import NIOCore

/// One connection: writes what the core gives it, hands on replies. Lives on its channel's event loop, to whose channel it is added once
/// that is connected.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What a connection tells its owner.
    enum Event {
        /// The server took the handshake.
        case ready
        case reply(RESPValue)
        /// The replies of one read have all been told.
        case readComplete
        /// It is over; nothing more will be told.
        case ended(any Error)
    }

    let slot: Int
    private var handshake: RedisHandshake
    private var isGreeted = false
    private var isReady = false
    private var decoder: RESPDecoder
    private var unread: ByteBuffer?
    private var unwritten: ByteBuffer?
    private var channel: (any Channel)?
    private var tell: ((RedisConnection, Event) -> Void)?
    private var failure: (any Error)?

    init(slot: Int, handshake: RedisHandshake, limits: RESPLimits, tell: @escaping (RedisConnection, Event) -> Void) {
        self.slot = slot
        self.handshake = handshake
        self.decoder = RESPDecoder(limits: limits)
        self.tell = tell
    }

    /// Gathers a command; it leaves with ``flush()``.
    func write(_ command: ByteBuffer) {
        if self.unwritten == nil {
            self.unwritten = command
        } else {
            self.unwritten?.writeImmutableBuffer(command)
        }
    }

    func flush() {
        guard let bytes = self.unwritten.take() else { return }
        self.channel?.writeAndFlush(bytes, promise: nil)
    }

    /// Ends the connection; ``Event/ended(_:)`` follows unless that was told already.
    func close(_ reason: any Error) {
        self.failure = self.failure ?? reason
        guard let channel else {
            self.end()
            return
        }
        channel.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Given up while its name was looked up, say.
        guard self.tell != nil else {
            context.close(promise: nil)
            return
        }
        self.channel = context.channel
        if context.channel.isActive { self.greet() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
        self.channel = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.greet()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        if var unread = self.unread.take() {
            unread.writeBuffer(&bytes)
            bytes = unread
        }
        do {
            while self.tell != nil, let value = try self.decoder.next(&bytes) { self.received(value) }
            guard bytes.readableBytes > 0 else { return }
            // What was understood must not pile up in front of what is to come.
            if bytes.readerIndex >= 1024 { bytes.discardReadBytes() }
            self.unread = bytes
        } catch {
            self.close(RedisError(.protocolViolation, "the Redis server's bytes cannot be read: \(error)", mayHaveRun: true))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.tell?(self, .readComplete)
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.close(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
    }

    private func greet() {
        guard !self.isGreeted else { return }
        self.isGreeted = true
        for command in self.handshake.commands { self.write(command.bytes) }
        self.flush()
    }

    private func received(_ value: RESPValue) {
        guard !self.isReady else {
            self.tell?(self, .reply(value))
            return
        }
        switch self.handshake.received(value) {
        case .wait: return
        case .ready:
            self.isReady = true
            self.tell?(self, .ready)
        case .failed(let error): self.close(error)
        }
    }

    private func end() {
        guard let tell = self.tell.take() else { return }
        self.unwritten = nil
        self.unread = nil
        tell(self, .ended(self.failure ?? RedisError(.connectionLost, "the Redis server closed the connection")))
    }
}
