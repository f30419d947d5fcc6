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
        router.post("/v1/request") { request, context -> Response in
            let body = try await request.body.collect(upTo: Self.maximumRequestBytes)
            let admin: AdminRequest
            do {
                admin = try JSONDecoder().decode(AdminRequest.self, from: Data(body.readableBytesView))
            } catch {
                return Self.failure("the server does not know this request: use the apus command of the server's version", status: .badRequest)
            }
            return Response(
                status: .ok, headers: [.contentType: "application/x-ndjson"],
                body: ResponseBody { writer in
                    do {
                        try await handler.handle(admin) { line in
                            try await writer.write(ByteBuffer(bytes: line + [UInt8(ascii: "\n")]))
                        }
                    } catch let failure as AdminAnswer.Failure {
                        // The status line has gone, so a failure is a line of its own kind.
                        try await writer.write(ByteBuffer(bytes: try JSONEncoder().encode(failure)))
                        try await writer.write(ByteBuffer(string: "\n"))
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

    private static func failure(_ text: String, status: HTTPResponse.Status) -> Response {
        let bytes = (try? JSONEncoder().encode(AdminAnswer.Failure(error: text))) ?? Data()
        return Response(status: status, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
