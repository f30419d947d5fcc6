package import ChildProcesses
import Foundation

/// `apus-loadtest sink` with a store.
package final class SinkProcess: Sendable {
    package let child: Child
    /// Where it listens.
    package let host: String
    package let port: Int
    private let store: String

    private init(child: Child, host: String, port: Int, store: String) {
        self.child = child
        self.host = host
        self.port = port
        self.store = store
    }

    /// Host and port, as routes take them.
    package var address: String { "\(self.host):\(self.port)" }

    /// Starts a sink and waits until it listens.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - tls: offers STARTTLS with a certificate of its own.
    package static func start(
        folder: ScratchFolder, name: String = "sink", host: String = "127.0.0.1", port: Int = 0, rules: [SinkRule] = [], tls: Bool = false
    ) async throws -> SinkProcess {
        let store = folder.file("\(name).store")
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        var arguments = ["sink", "--listen", "\(host):\(port)", "--store", store, "--loops", "1"]
        if !rules.isEmpty { arguments += ["--respond", try folder.write(SinkRule.file(rules), to: "\(name).rules.json")] }
        if tls { arguments += ["--tls", "self-signed"] }
        let child = try await Child.start(name: "sink \(name)", Programs.loadTest, arguments, outputLimit: 100)
        let line = try await child.line(within: .seconds(30)) { $0.contains("ready") }
        guard let colon = line.lastIndex(of: ":"), let bound = Int(line[line.index(after: colon)...].prefix { $0.isNumber }) else {
            throw ChildFailure("the sink's ready line names no port: \(line)")
        }
        return SinkProcess(child: child, host: host, port: bound, store: store)
    }

    /// Every message that it has accepted.
    package func messages() throws -> [StoredMessage] {
        try self.names().map { name in
            let content = try Data(contentsOf: URL(fileURLWithPath: "\(self.store)/\(name).eml"))
            let envelope = try Data(contentsOf: URL(fileURLWithPath: "\(self.store)/\(name).json"))
            let members = try JSONSerialization.jsonObject(with: envelope) as? [String: Any]
            return StoredMessage(
                name: name, hello: members?["hello"] as? String ?? "", recipients: members?["recipients"] as? [String] ?? [],
                content: Array(content))
        }
    }

    /// How many copies of each load id it has, read from the beginnings of the files.
    package func copies() throws -> [String: Int] {
        var copies: [String: Int] = [:]
        for name in try self.names() {
            guard let file = FileHandle(forReadingAtPath: "\(self.store)/\(name).eml") else { continue }
            defer { try? file.close() }
            let head = StoredMessage(name: name, hello: "", recipients: [], content: Array(try file.read(upToCount: 16_384) ?? Data()))
            if let identifier = head.loadID { copies[identifier, default: 0] += 1 }
        }
        return copies
    }

    /// How many it has accepted.
    package var count: Int { get throws { try self.names().count } }

    /// A message is complete when its envelope is there.
    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.store).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
            .map { String($0.dropLast(5)) }.sorted()
    }
}
