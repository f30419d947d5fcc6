import ApusCore
import CSpawn
import Glibc
import Synchronization

/// A process that dies with the one that started it, and whose last lines are kept for the report of a failure.
package final class Child: Sendable {
    /// What reports call it.
    package let name: String
    package let processID: Int32
    /// Standard output, whole unless a limit was given.
    package let output: ChildLines
    /// The last lines of standard error.
    package let errors: ChildLines

    private let ending = Mutex<ChildEnd?>(nil)
    private let ended = ChangeSignal()

    private init(name: String, processID: Int32, output: ChildLines, errors: ChildLines) {
        self.name = name
        self.processID = processID
        self.output = output
        self.errors = errors
    }

    /// How it ended; nil while it lives.
    package var end: ChildEnd? { self.ending.withLock { $0 } }

    /// The last lines of both outputs.
    package var lastWords: String {
        let state = self.end.map { "\($0)" } ?? "running"
        let lines = self.output.all.suffix(5).map { "  out: \($0.prefix(300))" } + self.errors.all.suffix(30).map { "  err: \($0.prefix(600))" }
        return "\(self.name) (process \(self.processID), \(state)):\n" + lines.joined(separator: "\n")
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: the whole of it: nothing of this process's reaches the child.
    ///   - outputLimit: how many lines of standard output are kept.
    ///   - leadsSession: whether it becomes leader of a session, by which what it starts can be found.
    /// - Throws: ``ChildFailure``.
    package static func start(
        name: String, _ program: String, _ arguments: [String], environment: [String: String] = Child.plainEnvironment(),
        outputLimit: Int = .max, leadsSession: Bool = false
    ) async throws -> Child {
        guard access(program, X_OK) == 0 else { throw ChildFailure("\(program) is not there or not executable: install or build it first") }
        let command = [Self.wrapper, "--pdeathsig", "KILL", "--", program] + arguments
        let output = ChildLines(limit: outputLimit)
        let errors = ChildLines(limit: 400)
        let processID = try await Spawner.shared.perform {
            try Self.spawn(command, environment: environment, leadsSession: leadsSession, output: output, errors: errors)
        }
        let child = Child(name: name, processID: processID, output: output, errors: errors)
        child.reap()
        return child
    }

    /// util-linux, which every Debian has: sets PR_SET_PDEATHSIG and becomes the program, so the process id stays.
    package static let wrapper = "/usr/bin/setpriv"

    /// Only what programs need; no AWS profile, no proxies, no settings of Apus.
    package static func plainEnvironment(_ more: [String: String] = [:]) -> [String: String] {
        var environment = ["LANG": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent", "PATH": "/usr/local/bin:/usr/bin:/bin"]
        for name in ["PATH", "TMPDIR", "LD_LIBRARY_PATH"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment.merging(more) { $1 }
    }

    /// Waits for a line of standard output.
    ///
    /// - Throws: ``ChildFailure`` with the last words when the output ends first; ``DeadlineExceeded``.
    package func line(within limit: Duration, where matches: @escaping @Sendable (String) -> Bool) async throws -> String {
        do {
            return try await within(limit, "the line of \(self.name)") { [self] in
                try await self.output.changed.first { () throws -> String? in
                    let isFinished = self.output.isFinished
                    if let line = self.output.all.first(where: matches) { return line }
                    if isFinished { throw ChildFailure("\(self.name) ended before the line that was waited for") }
                    return nil
                }
            }
        } catch {
            throw ChildFailure("\(error)\n\(self.lastWords)")
        }
    }

    /// Sends a signal; nothing when the child has ended.
    package func signal(_ number: Int32) {
        // Under the lock: a reaped process's id may belong to another.
        self.ending.withLock { ending in
            if ending == nil { _ = Glibc.kill(self.processID, number) }
        }
    }

    /// Waits for the end.
    package func waitForEnd(within limit: Duration) async throws -> ChildEnd {
        do {
            return try await within(limit, "the end of \(self.name)") { [self] in
                try await self.ended.first { self.end }
            }
        } catch {
            throw ChildFailure("\(error)\n\(self.lastWords)")
        }
    }

    /// SIGKILL, and waits until the process is gone.
    package func kill() async throws {
        self.signal(SIGKILL)
        _ = try await self.waitForEnd(within: .seconds(20))
    }

    /// SIGTERM, and waits for the end.
    package func stop(within limit: Duration = .seconds(40)) async throws -> ChildEnd {
        self.signal(SIGTERM)
        return try await self.waitForEnd(within: limit)
    }

    private func reap() {
        let started = OwnedThread.start { [self] in
            var information = siginfo_t()
            while waitid(P_PID, id_t(self.processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            self.ending.withLock { ending in
                var status: Int32 = 0
                while waitpid(self.processID, &status, 0) < 0, errno == EINTR {}
                ending = ChildEnd(status: status)
            }
            self.ended.raise()
        }
        precondition(started, "no thread for waiting for a child")
    }

    private static func spawn(
        _ command: [String], environment: [String: String], leadsSession: Bool, output: ChildLines, errors: ChildLines
    ) throws -> Int32 {
        let out = try Self.makePipe()
        let err = try Self.makePipe()
        defer {
            close(out.write)
            close(err.write)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, out.write, 1)
        posix_spawn_file_actions_adddup2(&actions, err.write, 2)
        // Sockets are inherited otherwise: a listener that is closed here would go on listening in the child.
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        // A test runner may block or ignore signals; a server's start is not to depend on that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // POSIX_SPAWN_SETSID of glibc 2.26 and later, which is not imported.
        let session: Int32 = leadsSession ? 0x80 : 0
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session))
        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var processID = pid_t()
        let failure = posix_spawn(&processID, command[0], &actions, &attributes, arguments, variables)
        guard failure == 0 else {
            close(out.read)
            close(err.read)
            throw ChildFailure("\(command[0]) could not be started: error \(failure)")
        }
        output.read(from: out.read)
        errors.read(from: err.read)
        return processID
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        // pipe2 is not imported. One thread starts all children, so no other child can be made in between.
        guard pipe(&ends) == 0 else { throw ChildFailure("no pipe for a child: error \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
