import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Loads images and follows links of messages, at one HTTP server whatever host they name: a load test goes nowhere else.
struct LinkVisitor: Sendable {
    /// `127.0.0.1:8026`.
    let server: String

    /// Whether the server answered with a success or a redirection, which is not followed.
    func visit(_ link: String) async -> Bool {
        guard let url = URL(string: link), let host = url.host(), url.scheme == "http" || url.scheme == "https" else { return false }
        var place = url.path(percentEncoded: true)
        if place.isEmpty { place = "/" }
        if let query = url.query(percentEncoded: true) { place += "?\(query)" }
        var request = HTTPClientRequest(url: "http://\(server)\(place)")
        request.headers.add(name: "Host", value: url.port.map { "\(host):\($0)" } ?? host)
        request.headers.add(name: "User-Agent", value: "apus-loadtest")
        guard let response = try? await Self.client.execute(request, timeout: .seconds(10)) else { return false }
        // What is sent is read to its end, as a browser does, and not kept.
        do {
            for try await _ in response.body {}
        } catch {
            return false
        }
        return (200..<400).contains(response.status.code)
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Ends what is open. Nothing is visited afterwards.
    static func shutDown() async { try? await client.shutdown() }
}
