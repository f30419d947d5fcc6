package import ChildProcesses
import Foundation
import Synchronization

/// `apus serve` on a data folder, started, killed and started again.
package final class ApusServer: Sendable {
    /// The data folder.
    package let data: String
    /// The settings file that serves and commands get.
    package let settingsFile: String
    private let arguments: [String]
    private let http: String?
    private let environment: [String: String]
    private let running = Mutex<(child: Child, scheme: String, address: String)?>(nil)
    private let children = Mutex<[Child]>([])

    /// Nothing is started yet.
    ///
    /// - Parameters:
    ///   - settings: by dotted name, `["delivery.port": 2525]`; values as JSONSerialization takes them.
    ///   - arguments: further arguments of `serve`.
    ///   - http: the argument of `--http`; nil leaves it out, and the settings say where the API listens.
    ///   - environment: variables beside ``Child/plainEnvironment(_:)``, for the server and its commands.
    package init(
        folder: ScratchFolder, name: String = "data", settings: [String: any Sendable] = [:], arguments: [String] = [],
        http: String? = "127.0.0.1:0", environment: [String: String] = [:]
    ) throws {
        self.data = folder.file(name)
        self.settingsFile = try folder.write(Self.json(settings), to: "\(name).json")
        self.arguments = arguments
        self.http = http
        self.environment = environment
    }

    /// Host and port of the API.
    package var address: String {
        get throws {
            guard let address = self.running.withLock({ $0?.address }) else { throw ChildFailure("the server does not run") }
            return address
        }
    }

    /// What the API speaks, `http` or `https`, by the ready line.
    package var scheme: String {
        get throws {
            guard let scheme = self.running.withLock({ $0?.scheme }) else { throw ChildFailure("the server does not run") }
            return scheme
        }
    }

    /// The process that runs.
    package var child: Child {
        get throws {
            guard let child = self.running.withLock({ $0?.child }) else { throw ChildFailure("the server does not run") }
            return child
        }
    }

    /// What all its processes said last.
    package var lastWords: String { self.children.withLock { $0.map(\.lastWords).suffix(3).joined(separator: "\n") } }

    /// The arguments of `apus`.
    ///
    /// - Parameter http: goes before what the server was made with.
    package func serveArguments(http: String? = nil) -> [String] {
        let listen = (http ?? self.http).map { ["--http", $0] } ?? []
        return ["serve", "--data", self.data] + listen + ["--config", self.settingsFile] + self.arguments
    }

    /// Starts the server and waits until it listens.
    ///
    /// - Parameter through: a program and its arguments that runs the server, such as a tracer.
    package func start(through wrapper: [String] = [], within limit: Duration = .seconds(60)) async throws {
        let command = wrapper + [Programs.apus] + self.serveArguments()
        let child = try await Child.start(
            name: "apus serve", command[0], Array(command.dropFirst()), environment: Child.plainEnvironment(self.environment), outputLimit: 100)
        self.children.withLock { $0.append(child) }
        let line = try await child.line(within: limit) { $0.hasPrefix("apus: ready ") }
        let bound = line.split(separator: " ").compactMap { word -> (scheme: String, address: String)? in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, ["http", "https"].contains(parts[0]) else { return nil }
            return (scheme: parts[0], address: parts[1])
        }
        guard let (scheme, address) = bound.first else { throw ChildFailure("the ready line names no address: \(line)") }
        self.running.withLock { $0 = (child, scheme, address) }
    }

    /// `kill -9`, and starts again on the same folder.
    package func killAndRestart() async throws {
        try await self.child.kill()
        try await self.start()
    }

    /// SIGTERM.
    ///
    /// - Returns: how it ended.
    package func stop(within limit: Duration = .seconds(60)) async throws -> ChildEnd {
        try await self.child.stop(within: limit)
    }

    /// Ends everything that still runs.
    package func kill() async throws {
        for child in self.children.withLock({ $0 }) { try await child.kill() }
    }

    // MARK: Commands

    /// Runs `apus ARGUMENTS --data DIR --config FILE`, a failing command is a result.
    package func tryCommand(_ arguments: String...) async throws -> Child.Result {
        try await self.run(arguments)
    }

    /// Runs a command that must succeed, and gives its output.
    package func command(_ arguments: String...) async throws -> String {
        let result = try await self.run(arguments)
        guard result.end.isSuccess else {
            throw ChildFailure("apus \(arguments.joined(separator: " ")): \(result.end)\n\(result.errors)\n\(self.lastWords)")
        }
        return result.output
    }

    /// `apus keys create`.
    package func createKey(account: String = "default") async throws -> AccessKeyPair {
        let text = try await self.command("keys", "create", "--account", account, "--json")
        guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let id = object["AccessKeyId"] as? String, let secret = object["SecretAccessKey"] as? String
        else { throw ChildFailure("keys create printed \(text.prefix(40))…") }
        return AccessKeyPair(id: id, secret: secret)
    }

    /// `apus identities create NAME --verified`.
    package func createVerifiedIdentity(_ name: String, account: String = "default") async throws {
        _ = try await self.command("identities", "create", name, "--verified", "--account", account)
    }

    /// `apus queue --json`.
    package func queue() async throws -> QueueReport {
        try JSONDecoder().decode(QueueReport.self, from: Data(try await self.command("queue", "--json").utf8))
    }

    /// The events so far.
    package func events() async throws -> [SESEvent] {
        try await self.command("events", "tail", "--from-start").split(separator: "\n").map { try SESEvent(line: String($0)) }
    }

    /// Follows the events from the first on.
    package func followEvents() async throws -> EventLog {
        let child = try await Child.start(
            name: "apus events tail", Programs.apus,
            ["events", "tail", "--from-start", "--follow", "--data", self.data, "--config", self.settingsFile],
            environment: Child.plainEnvironment(self.environment))
        self.children.withLock { $0.append(child) }
        return EventLog(child: child)
    }

    private func run(_ arguments: [String]) async throws -> Child.Result {
        try await Child.run(
            Programs.apus, arguments + ["--data", self.data, "--config", self.settingsFile],
            environment: Child.plainEnvironment(self.environment))
    }

    private static func json(_ settings: [String: any Sendable]) throws -> String {
        var root: [String: Any] = [:]
        for (name, value) in settings { Self.insert(value, at: name.split(separator: ".").map(String.init)[...], into: &root) }
        return String(decoding: try JSONSerialization.data(withJSONObject: root, options: [.sortedKeys, .prettyPrinted]), as: UTF8.self)
    }

    private static func insert(_ value: any Sendable, at path: ArraySlice<String>, into object: inout [String: Any]) {
        guard let name = path.first else { return }
        if path.count == 1 {
            object[name] = value
        } else {
            var nested = object[name] as? [String: Any] ?? [:]
            Self.insert(value, at: path.dropFirst(), into: &nested)
            object[name] = nested
        }
    }
}
