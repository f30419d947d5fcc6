package import NIOCore
import NIOPosix
package import SMTPProtocol

/// A client's connection to one server, ready for mail. It lives on one event loop and so does its owner: all methods must be called there, and all futures
/// complete there, so that no step of the dialogue hops.
///
/// ```swift
/// let connection = try await SMTPConnection.connect(to: address, serverName: "mx.example.net", configuration: configuration, on: loop).get()
/// let result = try await loop.flatSubmit { connection.send(transaction) { _ in writeMarker() } }.get()
/// ```
///
/// A connection nobody holds any more says `QUIT` and closes by itself.
package final class SMTPConnection: Sendable {
    package let eventLoop: any EventLoop
    package let remoteAddress: SocketAddress?
    package let localAddress: SocketAddress?
    /// What the server said of itself.
    package let server: SMTPServerFacts
    /// nil in clear.
    package let tls: SMTPTLSInfo?
    /// Succeeds when the channel is closed, by whoever.
    package let closeFuture: EventLoopFuture<Void>

    private let handler: NIOLoopBound<SMTPClientHandler>

    init(channel: any Channel, handler: SMTPClientHandler, server: SMTPServerFacts, tls: SMTPTLSInfo?) {
        self.eventLoop = channel.eventLoop
        self.remoteAddress = channel.remoteAddress
        self.localAddress = channel.localAddress
        self.server = server
        self.tls = tls
        self.closeFuture = channel.closeFuture
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    deinit {
        // The last reference may go anywhere.
        let handler = handler
        eventLoop.execute { handler.value.quit() }
    }

    /// Opens a connection up to the point where mail can be sent: TCP, TLS, banner, EHLO, STARTTLS by policy. May be called anywhere.
    ///
    /// - Parameters:
    ///   - address: the server's.
    ///   - localAddress: the source address to bind; its port should be 0.
    ///   - serverName: the server's host name, for SNI and for verifying its certificate when the context does.
    ///   - configuration: dialogue, limits, TLS.
    ///   - eventLoop: where the connection shall live.
    /// - Returns: fails with ``SMTPInterruption`` only. No channel is left open then, except for the seconds that a polite `QUIT` takes.
    package static func connect(
        to address: SocketAddress,
        localAddress: SocketAddress? = nil,
        serverName: String? = nil,
        configuration: SMTPClientConfiguration,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SMTPConnection> {
        let promise = eventLoop.makePromise(of: SMTPConnection.self)
        guard eventLoop.inEventLoop else {
            eventLoop.execute {
                connect(
                    to: address, localAddress: localAddress, serverName: serverName, configuration: configuration, promise: promise, on: eventLoop)
            }
            return promise.futureResult
        }
        connect(to: address, localAddress: localAddress, serverName: serverName, configuration: configuration, promise: promise, on: eventLoop)
        return promise.futureResult
    }

    private static func connect(
        to address: SocketAddress,
        localAddress: SocketAddress?,
        serverName: String?,
        configuration: SMTPClientConfiguration,
        promise: EventLoopPromise<SMTPConnection>,
        on eventLoop: any EventLoop
    ) {
        let handler = SMTPClientHandler(configuration: configuration, serverName: serverName, ready: promise)
        let boundHandler = NIOLoopBound(handler, eventLoop: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.timeouts.connect))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = boundHandler.value
                    if configuration.startsEncrypted { try channel.pipeline.syncOperations.addHandler(handler.makeTLSHandler()) }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        if let localAddress { bootstrap = bootstrap.bind(to: localAddress) }
        bootstrap.connect(to: address).whenFailure { boundHandler.value.connectFailed($0) }
    }

    /// Whether ``send(_:beforeFinalDot:)`` can be called now.
    package var isReusable: Bool { handler.value.isReusable }

    /// Transactions begun on this connection.
    package var transactionCount: Int { handler.value.transactionCount }

    /// Hands a message to the server.
    ///
    /// - Parameters:
    ///   - transaction: envelope and content. Only one at a time.
    ///   - beforeFinalDot: called, when given, once the server has asked for the content and before the message can become complete, with the indices of the
    ///     recipients accepted so far. When its future succeeds the message is completed; when it fails the message is abandoned. The future must belong to this
    ///     event loop.
    /// - Returns: never fails. A connection that is not ``isReusable`` gives interrupted outcomes.
    package func send(
        _ transaction: SMTPTransaction, beforeFinalDot: (([Int]) -> EventLoopFuture<Void>)? = nil
    ) -> EventLoopFuture<SMTPTransactionResult> {
        handler.value.send(transaction, beforeFinalDot: beforeFinalDot)
    }

    /// Says `QUIT`, after the running transaction if there is one, and closes. Returns ``closeFuture``.
    @discardableResult
    package func quit() -> EventLoopFuture<Void> {
        handler.value.quit()
        return closeFuture
    }

    /// Closes at once. A running transaction is interrupted.
    @discardableResult
    package func close() -> EventLoopFuture<Void> {
        handler.value.closeNow()
        return closeFuture
    }
}
