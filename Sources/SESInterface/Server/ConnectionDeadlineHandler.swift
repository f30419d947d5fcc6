internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import SESModel

/// Carries out ``ConnectionDeadlines`` on a channel.
///
/// ```
/// C: POST /v2/email/outbound-emails …, Content-Length: 1000, then a byte every ten seconds
/// S: 408 RequestTimeoutException, closes
/// ```
final class ConnectionDeadlineHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var deadlines: ConnectionDeadlines
    private var timer: Scheduled<Void>?

    init(_ timeouts: ConnectionTimeouts) {
        self.deadlines = ConnectionDeadlines(timeouts)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.perform(self.deadlines.opened(), context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let action =
            switch self.unwrapInboundIn(data) {
            case .head(let head): self.deadlines.readHead(contentLength: head.headerFields[.contentLength].flatMap(Int.init) ?? 0)
            case .body(let bytes): self.deadlines.readBody(bytes: bytes.readableBytes)
            case .end: self.deadlines.readEnd()
            }
        self.perform(action, context: context)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(let head):
            self.deadlines.wroteHead(closes: head.headerFields[.connection] == "close")
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.writeAndFlush(data, promise: promise)
            self.perform(self.deadlines.wroteEnd(), context: context)
        }
    }

    private func perform(_ action: ConnectionDeadlines.Action, context: ChannelHandlerContext) {
        switch action {
        case .none: break
        case .clear:
            self.timer?.cancel()
            self.timer = nil
        case .expire(let time):
            self.timer?.cancel()
            let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
            self.timer = context.eventLoop.scheduleTask(in: time) {
                let (handler, context) = bound.value
                handler.timer = nil
                handler.perform(handler.deadlines.expired(), context: context)
            }
        case .close: context.close(promise: nil)
        case .answerTimeout:
            let error = SESError(.requestTimeout, "The request was not received in time.")
            let body = ByteBuffer(bytes: ResponseEncoder.encode(error))
            var head = HTTPResponse(status: .init(code: error.kind.status))
            head.headerFields = ResponseHead.fields(requestID: RequestID.make(), error: error, contentLength: body.readableBytes)
            head.headerFields[.connection] = "close"
            context.write(self.wrapOutboundOut(.head(head)), promise: nil)
            context.write(self.wrapOutboundOut(.body(body)), promise: nil)
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
            context.close(promise: nil)
        }
    }
}
