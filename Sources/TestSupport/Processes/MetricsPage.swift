package import AsyncHTTPClient
import ChildProcesses
import NIOCore
import NIOHTTP1

/// What a process shows at `GET /metrics`, by name and labels as they are written there: `apus_workers`, `apus_topic_waiting_records{topic="…"}`.
package struct MetricsPage: Sendable {
    private let values: [String: Double]

    /// Asks a process.
    ///
    /// - Parameter address: its `metrics.listen`.
    /// - Throws: ``ChildFailure`` for an answer that is none; what AsyncHTTPClient throws when there is none.
    package static func read(_ address: String, by client: HTTPClient) async throws -> MetricsPage {
        let response = try await client.execute(HTTPClientRequest(url: "http://\(address)/metrics"), timeout: .seconds(10))
        guard response.status == .ok else { throw ChildFailure("GET /metrics: \(response.status)") }
        return MetricsPage(text: String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    /// - Parameter text: in Prometheus's text format.
    package init(text: String) {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { continue }
            values[String(line[..<space])] = value
        }
        self.values = values
    }

    package subscript(name: String) -> Double? { self.values[name] }
}
