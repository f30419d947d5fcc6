import Hummingbird
import Logging
import ServiceLifecycle

/// Answers `GET /metrics`, `/livez` and `/readyz`, on an address of its own that is not for the public.
struct MetricsServer: Service {
    private let application: Application<RouterResponder<BasicRequestContext>>

    /// - Parameters:
    ///   - listen: the address.
    ///   - registry: what is shown.
    ///   - isReady: whether this process can do its work.
    init(listen: Endpoint, registry: PrometheusRegistry, isReady: @escaping @Sendable () async -> Bool, logger: Logger) {
        let router = Router()
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.text)))
        }
        router.get("/livez") { _, _ in Response(status: .ok) }
        router.get("/readyz") { _, _ in Response(status: await isReady() ? .ok : .serviceUnavailable) }
        self.application = Application(
            router: router, configuration: .init(address: .hostname(listen.host, port: listen.port), serverName: nil), logger: logger)
    }

    func run() async throws {
        try await self.application.run()
    }
}
