import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Serves ``AdminRequest``s on the control socket in the data folder, whose mode lets only its owner in.
struct ControlSocketServer: Service {
    /// The largest request that is read.
    private static let maximumRequestBytes = 64 << 10

    private let application: Application<RouterResponder<BasicRequestContext>>

    /// - Parameters:
    ///   - path: the socket's path; a socket that an earlier life left there has been removed by the caller, who holds the folder's lock.
    ///   - handler: carries the requests out.
    init(path: String, handler: AdminHandler, logger: Logger) {
        let router = Router()
        router.post("/v1/request") { request, _ -> Response in
            Response(
                status: .ok, headers: [.contentType: "application/x-ndjson"],
                body: ResponseBody { writer in
                    // A follower must not outlive its client.
                    try await request.body.consumeWithCancellationOnInboundClose { body in
                        try await Self.answer(body, by: handler) { line in
                            try await writer.write(ByteBuffer(bytes: line + [UInt8(ascii: "\n")]))
                        }
                    }
                    try await writer.finish(nil)
                }
            )
        }
        self.application = Application(
            router: router,
            configuration: .init(address: .unixDomainSocket(path: path), serverName: nil),
            onServerRunning: { _ in
                // Between bind and chmod the folder's own mode, 0700, keeps others out.
                chmod(path, 0o600)
            },
            logger: logger
        )
    }

    func run() async throws {
        try await self.application.run()
    }

    /// Reads a request and carries it out. A failure is a line of its own kind, for the status line has gone.
    private static func answer(_ body: RequestBody, by handler: AdminHandler, emit: ([UInt8]) async throws -> Void) async throws {
        do {
            let bytes = try await body.collect(upTo: Self.maximumRequestBytes)
            guard let request = try? JSONDecoder().decode(AdminRequest.self, from: Data(bytes.readableBytesView)) else {
                throw AdminAnswer.Failure(
                    error: "the server does not know this request: use the apus command of the server's version")
            }
            try await handler.handle(request, emit: emit)
        } catch let failure as AdminAnswer.Failure {
            try await emit(Array(try JSONEncoder().encode(failure)))
        } catch is CancellationError {
            // The client has gone, or the server stops: nobody waits for the rest.
        }
    }
}
