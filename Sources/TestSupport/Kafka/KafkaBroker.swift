import ChildProcesses
import Foundation
import Glibc
import Synchronization

/// A Kafka broker of a test's own: a process on a free port of loopback, in memory, that dies with the test.
///
/// It is Tansu, which `make deps` fetches; where it differs from Apache Kafka is in `docs/decisions/0013-kafka-client.md`.
package final class KafkaBroker: Sendable {
    /// How often another port is tried when somebody else was quicker.
    private static let tries = 5

    package let host = "127.0.0.1"
    package let port: Int
    private let process: Mutex<Child>
    private let arguments: [String]

    private init(port: Int, process: Child, arguments: [String]) {
        self.port = port
        self.process = Mutex(process)
        self.arguments = arguments
    }

    /// Where it is; nil when `make deps` could not fetch it.
    package static let program: String? = {
        let path = "\(KafkaBroker.tools)/bin/tansu"
        return access(path, X_OK) == 0 ? path : nil
    }()

    /// The folder into which `make deps` puts the broker and the library that can speak with it.
    package static let tools: String = {
        if let folder = ProcessInfo.processInfo.environment["APUS_TEST_KAFKA_TOOLS"] { return folder }
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder.path + "/.build-tools/kafka"
    }()

    /// Starts a broker and waits until it can be connected to.
    ///
    /// - Parameters:
    ///   - advertisedPort: where clients are told to connect, for a proxy before it; nil for its own.
    ///   - arguments: further ones.
    /// - Throws: ``ChildFailure``.
    package static func start(advertisedPort: Int? = nil, arguments: [String] = []) async throws -> KafkaBroker {
        guard let program = Self.program else { throw ChildFailure("there is no Kafka broker in \(Self.tools): run make deps") }
        for attempt in 1...Self.tries {
            let port = try FreePort.find()
            let all =
                [
                    "broker", "--listener-url", "tcp://127.0.0.1:\(port)", "--advertised-listener-url", "tcp://127.0.0.1:\(advertisedPort ?? port)",
                    "--storage-engine", "memory://apus/",
                ] + arguments
            do {
                return KafkaBroker(port: port, process: try await Self.launch(program, all), arguments: all)
            } catch  where attempt < Self.tries {
                continue
            }
        }
        throw ChildFailure("no Kafka broker could be started")
    }

    /// `host:port`, as clients take it.
    package var bootstrapServers: String { "\(self.host):\(self.port)" }

    /// The last lines that it wrote.
    package var lastWords: String { self.process.withLock { $0 }.lastWords }

    /// SIGKILL, and waits until it is gone. What it held is lost.
    package func kill() async throws {
        try await self.process.withLock { $0 }.kill()
    }

    /// SIGSTOP: connections stay open, and nobody answers.
    package func pause() {
        self.process.withLock { $0 }.signal(SIGSTOP)
    }

    /// SIGCONT, after ``pause()``.
    package func resume() {
        self.process.withLock { $0 }.signal(SIGCONT)
    }

    /// Starts it anew on the same port, empty, after ``kill()``.
    package func restart() async throws {
        guard let program = Self.program else { return }
        let child = try await Self.launch(program, self.arguments)
        self.process.withLock { $0 = child }
    }

    /// Ends it.
    package func stop() async {
        // Its own end may take as long as a client keeps a connection open.
        try? await self.kill()
    }

    private static func launch(_ program: String, _ arguments: [String]) async throws -> Child {
        let child = try await Child.start(name: "Kafka broker", program, arguments, outputLimit: 200)
        do {
            _ = try await child.line(within: .seconds(20)) { $0.hasPrefix("ready in") }
            return child
        } catch {
            child.signal(SIGKILL)
            throw error
        }
    }
}
