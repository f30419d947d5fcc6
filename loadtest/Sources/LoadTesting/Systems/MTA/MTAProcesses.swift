import ChildProcesses
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The processes of a mail server: started together, in sessions of their own, and killed with everything that they started.
package final class MTAProcesses: Sendable {
    /// A program to start.
    struct Command: Sendable {
        /// What reports call it.
        var name: String
        var program: String
        var arguments: [String]
        var environment: [String: String]
        /// Whether CPU time is counted by a control group, because it has processes that nobody waits for.
        var needsControlGroup = false
        /// Whether it is below `unshare`, which takes no signal.
        var isNamespaced = false
        /// Whether it has no state to put in order, so that a stop is a kill.
        var keepsNothing = false
        /// The port that it listens on; nil when it has a socket in a folder.
        var port: Int?
        /// The path of that socket.
        var socket: String?
    }

    private struct Running {
        var child: Child
        var group: ControlGroup?
        var isNamespaced: Bool
        var keepsNothing: Bool
    }

    private let running = Mutex<[Running]>([])

    init() {}

    /// The processes that were started, without what they started.
    var roots: [Int32] { running.withLock { $0.map(\.child.processID) } }

    /// Whether CPU time is right, as far as control groups are needed for that.
    var isCounted: Bool { running.withLock { $0.allSatisfy { $0.group != nil } } }

    /// Starts a program and waits until it listens.
    ///
    /// - Throws: ``LoadTestError`` with what it said last.
    func start(_ command: Command, within limit: Duration = .seconds(30)) async throws {
        // One that was killed leaves its socket behind.
        if let socket = command.socket { unlink(socket) }
        let group = command.needsControlGroup ? ControlGroup.make() : nil
        let arguments = [command.program] + command.arguments
        let child: Child
        do {
            let whole = group.map { $0.joining + arguments } ?? arguments
            child = try await Child.start(
                name: command.name, whole[0], Array(whole.dropFirst()), environment: command.environment, outputLimit: 100, leadsSession: true)
        } catch {
            group?.remove()
            throw LoadTestError(.processFailed, "\(error)")
        }
        running.withLock { $0.append(Running(child: child, group: group, isNamespaced: command.isNamespaced, keepsNothing: command.keepsNothing)) }
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while !(await Self.isListening(command)) {
            guard child.end == nil, clock.now < deadline else {
                let words = child.lastWords
                try? await kill()
                let place = command.port.map { "port \($0)" } ?? command.socket ?? "anything"
                throw LoadTestError(.processFailed, "\(command.name) does not listen on \(place)\n\(words)")
            }
            // It has no way to say that it is ready.
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func isListening(_ command: Command) async -> Bool {
        guard let port = command.port else { return command.socket.map { access($0, F_OK) == 0 } ?? true }
        guard let channel = try? await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connect(host: "127.0.0.1", port: port).get()
        else { return false }
        try? await channel.close()
        return true
    }

    /// SIGKILL to all, and waits until all are gone.
    func kill() async throws {
        let all = running.withLock { $0 }
        let roots = all.map(\.child.processID)
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(30)
        // Again, because a process may have been made while they were listed.
        while true {
            let members = ProcessTree.members(of: roots)
            if members.isEmpty { break }
            guard clock.now < deadline else { throw LoadTestError(.processFailed, "processes that SIGKILL does not end: \(members)") }
            for process in members { _ = Glibc.kill(process, SIGKILL) }
            try await Task.sleep(for: .milliseconds(5))
        }
        for one in all { _ = try await one.child.waitForEnd(within: .seconds(10)) }
        forget()
    }

    /// SIGTERM to each, the last one started first, and waits. What is left after the limit is killed.
    func stop(within limit: Duration) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        for one in running.withLock({ $0.reversed() }) {
            if one.isNamespaced {
                for process in Self.children(of: one.child.processID) { _ = Glibc.kill(process, SIGTERM) }
            } else {
                one.child.signal(one.keepsNothing ? SIGKILL : SIGTERM)
            }
            do {
                _ = try await one.child.waitForEnd(within: max(deadline - clock.now, .milliseconds(1)))
            } catch {
                try await kill()
                throw LoadTestError(.processFailed, "it did not end within \(limit) of SIGTERM: \(error)")
            }
        }
        try await kill()
    }

    private static func children(of process: Int32) -> [Int32] {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/task/\(process)/children") else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }

    func suspend() { signalAll(SIGSTOP) }
    func resume() { signalAll(SIGCONT) }

    /// Until no process shows up that has not got the signal.
    private func signalAll(_ number: CInt) {
        var done: Set<Int32> = []
        while true {
            let members = ProcessTree.members(of: roots).filter { !done.contains($0) }
            if members.isEmpty { return }
            for process in members { _ = Glibc.kill(process, number) }
            done.formUnion(members)
        }
    }

    private func forget() {
        let groups = running.withLock { running in
            defer { running = [] }
            return running.compactMap(\.group)
        }
        for group in groups { group.remove() }
    }
}
