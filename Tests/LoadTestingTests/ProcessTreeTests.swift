import ChildProcesses
import LoadTesting
import Testing

@Suite(.serialized) struct ProcessTreeTests {
    private static func start(_ script: String) async throws -> Child {
        let child = try await Child.start(name: "script", "/bin/sh", ["-c", script], leadsSession: true)
        _ = try await child.line(within: .seconds(120)) { $0 == "ready" }
        return child
    }

    /// Some tenths of a second of a core.
    private static let work = "i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done"

    private static func end(_ child: Child) async throws {
        child.signalSession(9)
        _ = try await child.waitForEnd(within: .seconds(30))
        // Once nobody holds its output, all are gone.
        try await within(.seconds(30), "the end of the others") { try await child.output.untilFinished() }
    }

    @Test func workOfItsOwn() async throws {
        let idle = try await Self.start("echo ready; sleep 600")
        let busy = try await Self.start("\(Self.work); echo ready; sleep 600")
        let (less, more) = (ProcessTree.use(of: [idle.processID]), ProcessTree.use(of: [busy.processID]))
        #expect(more.cpuSeconds >= 0.05 && more.cpuSeconds > less.cpuSeconds)
        #expect(less.residentOctets > 100_000)
        #expect(ProcessTree.use(of: [idle.processID, busy.processID]).residentOctets >= more.residentOctets + less.residentOctets - 65_536)
        try await Self.end(idle)
        try await Self.end(busy)
        #expect(ProcessTree.use(of: [busy.processID]) == ProcessUse())
    }

    @Test func workOfAGrandchildThatHasEnded() async throws {
        let work = Self.work.replacing("$", with: "\\$")
        let child = try await Self.start("sh -c 'sh -c \"\(work); exit 0\"; exit 0'; echo ready; sleep 600")
        #expect(ProcessTree.use(of: [child.processID]).cpuSeconds >= 0.05)
        try await Self.end(child)
    }

    @Test func membersOfASession() async throws {
        // The innermost sleep's parent ends, so that only the session tells whose it is.
        let child = try await Self.start("sh -c 'sleep 600 & exit 0'; sleep 600 & echo ready; wait")
        let members = ProcessTree.members(of: [child.processID])
        #expect(members.count == 3 && members.contains(child.processID))
        #expect(ProcessTree.members(of: []).isEmpty)
        try await Self.end(child)
        #expect(ProcessTree.members(of: [child.processID]).isEmpty)
    }
}
