package import ChildProcesses
import Foundation
import Synchronization

/// A PostgreSQL server of the tests' own: a fresh cluster in a fresh folder, on a free loopback port, nothing of it synced to disk.
///
/// PostgreSQL refuses to run as root; started by root it runs as `nobody`, who owns its folder. It dies with its parent, and its folder
/// goes when the process that started it exits.
package final class PostgresServer: Sendable {
    /// The superuser's name and password; the password is asked for over TCP.
    package static let user = "apus"
    package static let password = "s3cret-of-the-tests"

    /// Where the data is, and the socket.
    package let folder: String
    package let port: Int
    private let programs: PostgresPrograms
    private let current: Mutex<Child?>
    private let lastDatabase = Mutex(0)

    private init(folder: String, port: Int, programs: PostgresPrograms) {
        self.folder = folder
        self.port = port
        self.programs = programs
        self.current = Mutex(nil)
    }

    /// The running server process.
    package var child: Child? { self.current.withLock { $0 } }

    /// A connection string for a database of this server.
    package func uri(database: String = "postgres", password: String = PostgresServer.password, more: String = "") -> String {
        "postgresql://\(Self.user):\(password)@127.0.0.1:\(self.port)/\(database)\(more)"
    }

    /// Makes a cluster and starts its server.
    ///
    /// - Parameters:
    ///   - certificate: PEM files of a certificate and its key, with which it offers TLS; nil for none.
    ///   - settings: more lines of `postgresql.conf`, `name=value`.
    package static func start(certificate: (file: String, key: String)? = nil, settings: [String] = []) async throws -> PostgresServer {
        var template = Array("/tmp/apus-pg-XXXXXX".utf8CString)
        guard template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) != nil else {
            throw ChildFailure("no folder for a PostgreSQL server: error \(errno)")
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        PostgresRemains.add(folder)
        let programs = try await PostgresPrograms.find(copyingInto: folder)
        let passwordFile = "\(folder)/password"
        try Data("\(Self.password)\n".utf8).write(to: URL(fileURLWithPath: passwordFile))
        if let certificate {
            try FileManager.default.copyItem(atPath: certificate.file, toPath: "\(folder)/server.crt")
            try FileManager.default.copyItem(atPath: certificate.key, toPath: "\(folder)/server.key")
            chmod("\(folder)/server.key", 0o600)
        }
        try programs.giveAway(folder)
        let made = try await programs.run(
            "initdb",
            [
                "--pgdata=\(folder)/data", "--username=\(Self.user)", "--pwfile=\(passwordFile)", "--auth-host=scram-sha-256",
                "--auth-local=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions",
            ])
        guard made.end.isSuccess else { throw ChildFailure("initdb: \(made.errors)\n\(made.output)") }
        var lines = settings
        if certificate != nil { lines += ["ssl=on", "ssl_cert_file='\(folder)/server.crt'", "ssl_key_file='\(folder)/server.key'"] }
        let file = FileHandle(forWritingAtPath: "\(folder)/data/postgresql.conf")
        try file?.seekToEnd()
        try file?.write(contentsOf: Data(lines.map { "\($0)\n" }.joined().utf8))
        try file?.close()
        let server = PostgresServer(folder: folder, port: try FreePort.find(), programs: programs)
        try await server.resume()
        return server
    }

    /// Starts the server again after ``kill()`` or ``stop()``, on the same port.
    package func resume() async throws {
        let arguments = [
            "-D", "\(self.folder)/data", "-p", "\(self.port)", "-k", self.folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
            "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "jit=off", "-c", "autovacuum_naptime=5s",
        ]
        let child = try await self.programs.start("postgres", arguments)
        self.current.withLock { $0 = child }
        PostgresRemains.add(child)
        // The one sign of readiness that it gives in every language and with every log setting.
        do {
            _ = try await eventually(within: .seconds(60), "the start of PostgreSQL") { () -> Bool? in
                if let end = child.end { throw ChildFailure("PostgreSQL ended: \(end)") }
                let status = try? String(contentsOfFile: "\(self.folder)/data/postmaster.pid", encoding: .utf8)
                let lines = status?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
                return lines.count >= 8 && lines[0] == "\(child.processID)" && lines[7].hasPrefix("ready") ? true : nil
            }
        } catch {
            throw ChildFailure("\(error)\n\(child.lastWords)")
        }
    }

    /// SIGKILL to the server; its sessions end by themselves when they notice.
    package func kill() async throws {
        try await self.child?.kill()
    }

    /// A fast shutdown: sessions are ended, everything is written.
    package func stop() async throws {
        guard let child = self.child else { return }
        child.signal(SIGINT)
        _ = try await child.waitForEnd(within: .seconds(40))
    }

    /// Makes an empty database.
    ///
    /// - Returns: its connection string.
    package func newDatabase() async throws -> String {
        let number = self.lastDatabase.withLock { number in
            number += 1
            return number
        }
        let name = "test_\(number)"
        try await self.execute("CREATE DATABASE \(name)")
        return self.uri(database: name)
    }

    /// Runs SQL as the superuser, by `psql` over the socket.
    ///
    /// - Returns: unaligned rows.
    @discardableResult
    package func execute(_ sql: String, database: String = "postgres") async throws -> String {
        let result = try await self.programs.run(
            "psql",
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", "\(self.port)", "-U", Self.user, "-d", database, "-c", sql])
        guard result.end.isSuccess else { throw ChildFailure("psql: \(result.errors)") }
        return result.output
    }
}
