import ArgumentParser
import EmbeddedBackends
import Foundation

/// Where a command's request goes: to the server that holds the data folder; when none does, to the folder itself; and to a cluster's
/// engines where there is no folder.
struct AdminConnection {
    let folder: DataOptions

    /// Sends a request that has one answer.
    func one<Answer: Decodable>(_ request: AdminRequest) async throws -> Answer {
        var answer: Answer?
        try await self.each(request) { line in
            answer = try JSONDecoder().decode(Answer.self, from: Data(line))
        }
        guard let answer else { throw AdminAnswer.Failure(error: "the server did not answer; its log says why") }
        return answer
    }

    /// Sends a request and takes each line of its answer.
    func each(_ request: AdminRequest, line: ([UInt8]) async throws -> Void) async throws {
        guard let data = self.folder.data else {
            try await self.cluster(request, line: line)
            return
        }
        let path = URL(fileURLWithPath: data).path
        guard request.mayCreateFolder || FileManager.default.fileExists(atPath: path) else {
            throw AdminAnswer.Failure(error: "there is no data folder \(path): check --data")
        }
        if let holder = try DataFolder.holder(of: path) {
            try await ControlSocketClient(path: holder.controlSocketPath).send(request, line: line)
            return
        }
        let settings = try Settings(flags: [:], environment: ProcessInfo.processInfo.environment, file: self.folder.config)
        try await EmbeddedParts.withParts(settings: settings, folder: path) { parts, _ in
            let handler = AdminHandler(parts: parts, settings: settings, workers: nil)
            try await handler.handle(request, emit: line)
        }
    }

    private func cluster(_ request: AdminRequest, line: ([UInt8]) async throws -> Void) async throws {
        let settings = try Settings(flags: [:], environment: ProcessInfo.processInfo.environment, file: self.folder.config)
        guard let cluster = settings.cluster else {
            throw ValidationError(
                "Which installation? Give --data DIR, or for a cluster kafka.brokers, redis.url and postgres.url by --config or as variables.")
        }
        try await ClusterParts.withParts(settings: settings, cluster: cluster) { parts, _ in
            let handler = AdminHandler(parts: parts, settings: settings, workers: parts.throttling)
            try await handler.handle(request, emit: line)
        }
    }
}
