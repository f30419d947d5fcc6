import ApusCore
import NIOCore
import NIOHTTP1

/// Reads the answers of an SES endpoint: the status, and the MessageId of a 200.
final class SESAnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// Octets of an answer that are looked at.
    private static let window = 64 << 10

    private var promise: EventLoopPromise<LoadAnswer>?
    private var octets = 0
    private var status: UInt16 = 0
    private var body: [UInt8] = []
    private(set) var isUsable = true

    /// The next answer goes to `promise`.
    func expect(_ promise: EventLoopPromise<LoadAnswer>, octets: Int) {
        guard isUsable else { return promise.succeed(LoadAnswer(outcome: .inDoubt, code: 0, octets: octets)) }
        self.promise = promise
        self.octets = octets
        status = 0
        body.removeAll(keepingCapacity: true)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = UInt16(clamping: head.status.code)
            if !head.isKeepAlive { isUsable = false }
        case .body(let part):
            if body.count < Self.window { body.append(contentsOf: part.readableBytesView) }
        case .end:
            answer(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isUsable = false
        let promise = promise
        self.promise = nil
        promise?.succeed(LoadAnswer(outcome: .inDoubt, code: 0, octets: octets))
        context.fireChannelInactive()
    }

    private func answer(_ context: ChannelHandlerContext) {
        let promise = promise
        self.promise = nil
        if !isUsable { context.close(promise: nil) }
        let outcome: SentRecord.Outcome
        switch status {
        case 200: outcome = .accepted
        // The service does not say that it refused it.
        case 500...: outcome = .inDoubt
        default: outcome = .refused
        }
        promise?.succeed(LoadAnswer(outcome: outcome, code: status, idHash: outcome == .accepted ? Self.idHash(in: body) : 0, octets: octets))
    }

    /// The hash of the value of `"MessageId"`.
    private static func idHash(in body: [UInt8]) -> UInt64 {
        let name = Array("\"MessageId\"".utf8)
        guard let start = body.indices.first(where: { body[$0...].starts(with: name) }) else { return 0 }
        let rest = body[(start + name.count)...].drop { $0 != 0x22 }.dropFirst()
        return MessageIDHash.hash(rest.prefix { $0 != 0x22 })
    }
}
