internal import AWSSignature
internal import ControlPlane
internal import Hummingbird
internal import HTTPTypes
internal import Intake
internal import Logging
internal import NIOCore
internal import SESModel

/// Answers HTTP requests: finds the operation, authenticates the caller before and after the body, decodes, calls, encodes.
struct SESResponder: HTTPResponder {
    typealias Context = SESRequestContext

    /// How an exchange went, for log and metrics.
    private struct Outcome {
        var operation: String
        var error: SESError?
        var body: [UInt8]
        var accessKeyID: String?
        /// Whether the request's body was read; when not, the connection is not used again.
        var hasReadBody: Bool
    }

    private let api: SESAPI

    init(api: SESAPI) {
        self.api = api
    }

    func respond(to request: Request, context: SESRequestContext) async throws -> Response {
        let target = request.head.path ?? ""
        if let probe = await self.probe(request.head, target: target) { return probe }
        let start = ContinuousClock.now
        let id = RequestID.make()
        let outcome = try await self.exchange(request, target: target, context: context)
        let duration = start.duration(to: .now)
        let name = outcome.error?.kind.rawValue ?? "ok"
        let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
        self.api.metrics.record(operation: outcome.operation, outcome: name, nanoseconds: nanoseconds)
        context.logger.debug(
            "request answered",
            metadata: [
                "request-id": "\(id)", "operation": "\(outcome.operation)", "outcome": "\(name)",
                "access-key": "\(outcome.accessKeyID ?? "-")", "microseconds": "\(nanoseconds / 1000)",
            ])
        return self.response(outcome, id: id, method: request.method)
    }

    // MARK: Probes

    /// `/healthz`: the process answers. `/readyz`: it can do its work.
    private func probe(_ head: HTTPRequest, target: String) async -> Response? {
        guard head.method == .get || head.method == .head else { return nil }
        let isOK: Bool
        switch target {
        case "/healthz": isOK = true
        case "/readyz": isOK = await self.api.isReady()
        default: return nil
        }
        let body = ByteBuffer(string: isOK ? "ok\n" : "not ready\n")
        var response = Response(
            status: isOK ? .ok : .serviceUnavailable,
            headers: [.contentType: "text/plain; charset=utf-8", .contentLength: String(body.readableBytes), .cacheControl: "no-store"])
        if head.method == .get { response.body = ResponseBody(byteBuffer: body) }
        return response
    }

    // MARK: Operations

    private func exchange(_ request: Request, target: String, context: SESRequestContext) async throws -> Outcome {
        var outcome = Outcome(operation: "none", body: [], hasReadBody: false)
        do {
            try await self.exchange(request, target: target, context: context, outcome: &outcome)
        } catch let error as SESError {
            outcome.error = error
            outcome.body = ResponseEncoder.encode(error)
        }
        return outcome
    }

    private func exchange(
        _ request: Request, target: String, context: SESRequestContext, outcome: inout Outcome
    ) async throws {
        let signable = Self.signable(request.head, target: target)
        guard let match = self.api.router.route(method: signable.method, path: signable.path[...]),
            let handler = self.api.handlers[match.operation.name]
        else {
            outcome.hasReadBody = Self.hasNoBody(request.head)
            throw SESError(.unknownOperation, "There is no operation for this method and path.")
        }
        outcome.operation = match.operation.name
        let length: Int
        let pending: Authenticator.Pending
        do {
            length = try BodyReader.contentLength(of: request.head, maximum: match.operation.maximumBodyBytes)
            pending = try self.api.authenticator.begin(signable, nowUnixSeconds: self.api.nowUnixSeconds())
        } catch {
            outcome.hasReadBody = Self.hasNoBody(request.head)
            throw error
        }
        outcome.accessKeyID = pending.accessKey.id
        var held = 0
        defer { self.api.budget.release(held) }
        let (body, hash) = try await BodyReader.read(request.body, length: length) { bytes in
            guard self.api.budget.reserve(bytes) else { return false }
            held += bytes
            return true
        }
        outcome.hasReadBody = true
        try self.api.authenticator.finish(pending, bodyHash: hash)
        let input = try RequestDecoder.decode(match, query: signable.query[...], body: body)
        let caller = Caller(account: pending.account, accessKeyID: pending.accessKey.id, sourceIP: context.sourceIP)
        do {
            outcome.body = ResponseEncoder.encode(try await handler.handle(input, operation: match.operation, caller: caller))
        } catch {
            throw OperationFailure.answer(error, logger: context.logger)
        }
    }

    /// The request as it was signed: HTTP types keep the Host field apart.
    private static func signable(_ head: HTTPRequest, target: String) -> SignableRequest {
        var headers = head.headerFields.map { (name: $0.name.rawName, value: $0.value) }
        if let host = head.authority { headers.append((name: "host", value: host)) }
        return SignableRequest(method: head.method.rawValue, target: target, headers: headers)
    }

    private static func hasNoBody(_ head: HTTPRequest) -> Bool {
        head.headerFields[.transferEncoding] == nil && (head.headerFields[.contentLength].map { $0 == "0" } ?? true)
    }

    // MARK: Answers

    private func response(_ outcome: Outcome, id: String, method: HTTPRequest.Method) -> Response {
        var headers = ResponseHead.fields(requestID: id, error: outcome.error, contentLength: outcome.body.count)
        if !outcome.hasReadBody { headers[.connection] = "close" }
        return Response(
            status: .init(code: outcome.error?.kind.status ?? 200), headers: headers,
            body: method == .head ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: outcome.body)))
    }
}
