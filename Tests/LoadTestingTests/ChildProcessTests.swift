import ChildProcesses
import Glibc
import LoadTesting
import Testing

/// What the harness relies on when it starts systems, sinks and generators.
@Suite struct ChildProcessTests {
    private static func start(_ script: String, leadsSession: Bool = true) async throws -> Child {
        try await Child.start(name: "script", "/bin/sh", ["-c", script], leadsSession: leadsSession)
    }

    @Test func linesAndStatus() async throws {
        let child = try await Self.start("echo one; echo two; echo three >&2; exit 7")
        let line = try await child.line(within: .seconds(30)) { $0.hasPrefix("tw") }
        #expect(line == "two")
        #expect(try await child.waitForEnd(within: .seconds(30)) == .exited(7))
        try await child.output.untilFinished()
        try await child.errors.untilFinished()
        #expect(child.output.all == ["one", "two"])
        #expect(child.errors.all == ["three"])
        #expect(child.lastWords.contains("three"))
    }

    /// A child that had a listener of ours would keep it listening after we close it.
    @Test func noSocketIsInherited() async throws {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        #expect(descriptor > 2)
        let result = try await Child.run("/bin/sh", ["-c", "ls /proc/self/fd"])
        #expect(result.end.isSuccess && !result.output.split(separator: "\n").contains("\(descriptor)"), "\(result.output)")
    }

    @Test func aLineThatNeverComes() async throws {
        let child = try await Self.start("echo one")
        let failure = await #expect(throws: ChildFailure.self) { try await child.line(within: .seconds(30)) { $0 == "two" } }
        #expect(failure?.description.contains("one") == true)
    }

    @Test func aLimitThatPasses() async throws {
        let child = try await Self.start("exec sleep 600")
        await #expect(throws: ChildFailure.self) { try await child.waitForEnd(within: .milliseconds(50)) }
        #expect(child.end == nil)
        try await child.kill()
        #expect(child.end == .signalled(9))
        // It is reaped: a signal now must reach nobody.
        child.signal(9)
    }

    /// All that hold the output are gone when it ends.
    @Test func aSessionEndsWhole() async throws {
        let child = try await Self.start("sh -c 'sleep 600 & sleep 600' & echo ready; sleep 600")
        _ = try await child.line(within: .seconds(30)) { $0 == "ready" }
        kill(-child.processID, 9)
        #expect(try await child.waitForEnd(within: .seconds(30)) == .signalled(9))
        try await within(.seconds(30), "the end of grandchildren") { try await child.output.untilFinished() }
        #expect(ProcessTree.members(of: [child.processID]).isEmpty)
    }

    @Test func aProgramThatIsNotThere() async {
        await #expect(throws: ChildFailure.self) { try await Child.start(name: "none", "/nonexistent/program", []) }
    }
}
