package import ChildProcesses
import Foundation
import Synchronization

/// A Redis server of a test's own: empty, in a fresh folder, on a free loopback port. It dies with its parent.
package final class RedisServer: Sendable {
    package let port: Int
    private let folder: ScratchFolder
    private let programs: RedisPrograms
    private let settings: [String]
    private let current = Mutex<Child?>(nil)

    private init(port: Int, folder: ScratchFolder, programs: RedisPrograms, settings: [String]) {
        self.port = port
        self.folder = folder
        self.programs = programs
        self.settings = settings
    }

    /// The running process.
    package var child: Child? { self.current.withLock { $0 } }

    /// Starts one.
    ///
    /// - Parameters:
    ///   - certificate: with which it speaks TLS, and then only TLS; nil for plain text.
    ///   - settings: more of them, as on its command line, such as `["--requirepass", "…"]`.
    package static func start(certificate: ServerCertificate? = nil, settings: [String] = []) async throws -> RedisServer {
        let port = try FreePort.find()
        var all = ["--port", certificate == nil ? "\(port)" : "0"]
        if let certificate {
            all += [
                "--tls-port", "\(port)", "--tls-cert-file", certificate.file, "--tls-key-file", certificate.keyFile, "--tls-ca-cert-file",
                certificate.file, "--tls-auth-clients", "no",
            ]
        }
        let server = RedisServer(port: port, folder: try ScratchFolder(), programs: try RedisPrograms.find(), settings: all + settings)
        try await server.resume()
        return server
    }

    /// Runs a test with a server, and ends it.
    package static func with(
        certificate: ServerCertificate? = nil, settings: [String] = [], _ body: (RedisServer) async throws -> Void
    ) async throws {
        let server = try await Self.start(certificate: certificate, settings: settings)
        do {
            try await body(server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    /// Starts the server again after ``kill()``, on the same port and empty.
    package func resume() async throws {
        let arguments =
            ["--bind", "127.0.0.1", "--dir", self.folder.path, "--save", "", "--appendonly", "no", "--daemonize", "no"] + self.settings
        let child = try await Child.start(
            name: "redis-server", self.programs.server, arguments, environment: self.programs.environment, outputLimit: 200)
        self.current.withLock { $0 = child }
        _ = try await child.line(within: .seconds(60)) { $0.contains("Ready to accept connections") }
    }

    /// SIGKILL.
    package func kill() async throws {
        try await self.child?.kill()
    }

    /// SIGSTOP: it keeps its connections and answers nothing.
    package func freeze() {
        self.child?.signal(SIGSTOP)
    }

    /// SIGCONT.
    package func thaw() {
        self.child?.signal(SIGCONT)
    }

    /// Ends it and removes its folder.
    package func end() async {
        try? await self.child?.kill()
        self.removeFolder()
    }

    /// Removes its folder.
    func removeFolder() {
        self.folder.remove()
    }
}
