import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// `kill -9` keeps the page cache, so it says nothing of power cuts: the order of system calls does.
    @Suite
    struct DurabilityTrace {
        @Test
        func everyAnswerLeavesAfterTheSyncOfItsRecord() async throws {
            let proof = try await Self.trace(syncs: true)
            #expect(proof.answered.count >= 40)
            #expect(proof.violations.isEmpty, "\(proof.violations.count): \(proof.violations.prefix(5))")
        }

        /// The proof is worth something only if it can fail.
        @Test
        func theProofFailsWithoutSyncs() async throws {
            let proof = try await Self.trace(syncs: false)
            #expect(proof.answered.count >= 40)
            #expect(proof.violations.count >= 20, "with bus.syncOnAcknowledge=false the checker must see violations")
        }

        @Test
        func theCheckerReadsInterleavedCalls() {
            let id = String(repeating: "0", count: 16) + "-11111111-2222-3333-4444-555555555555-000000"
            func proof(_ text: String) -> DurabilityProof {
                DurabilityProof(trace: SystemCallTrace(text: text), accepted: ["load-7": id], isJournal: { $0.hasSuffix(".hot") })
            }
            let write = #"10 pwrite64(7</d/bus/1.hot>, "\2\#(SendEmailBody.marker)load-7.\r\n", 80, 0) = 80"#
            let answer = #"11 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 OK\r\n\r\n{\"MessageId\":\"\#(id)\"}", 90) = 90"#
            let begun = "12 fdatasync(7</d/bus/1.hot> <unfinished ...>"
            let ended = "12 <... fdatasync resumed>) = 0"
            #expect(proof([write, begun, ended, answer].joined(separator: "\n")).violations.isEmpty)
            // Began before the write was over, ended after the answer left, failed, is another file's, or is not there.
            #expect(proof([begun, write, ended, answer].joined(separator: "\n")).violations.count == 1)
            #expect(proof([write, begun, answer, ended].joined(separator: "\n")).violations.count == 1)
            #expect(proof([write, begun, ended.replacing("= 0", with: "= -1 EIO"), answer].joined(separator: "\n")).violations.count == 1)
            #expect(proof([write, begun.replacing("1.hot", with: "2.hot"), ended, answer].joined(separator: "\n")).violations.count == 1)
            #expect(proof([write, answer].joined(separator: "\n")).violations.count == 1)
            #expect(proof([begun, ended, answer].joined(separator: "\n")).violations.count == 1)
        }

        private static func trace(syncs: Bool) async throws -> DurabilityProof {
            try await Self.requireTracer()
            let box = ProofBox()
            try await Stage.run(within: .seconds(180)) { stage in
                let sink = try await stage.startSink()
                let file = stage.folder.file("trace")
                let tracer = [
                    "/usr/bin/env", "strace", "-f", "--seccomp-bpf", "-yy", "-s", "1048576", "-o", file,
                    "-e", "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg", "-e", "signal=none",
                    // strace does not take its tracee along when it is killed.
                    Child.wrapper, "--pdeathsig", "KILL", "--",
                ]
                let (server, client) = try await stage.startServer(to: sink, settings: ["bus.syncOnAcknowledge": syncs], through: tracer)
                let load = Load(client: client, senders: 8)
                try await load.run(on: server.address) {
                    try await load.ledger.untilAnswered(50, within: .seconds(90))
                }
                // The tracer passes no signals on; its only child is the server.
                try Self.signalTracee(of: server.child.processID)
                _ = try await server.child.waitForEnd(within: .seconds(60))
                let proof = DurabilityProof(
                    trace: try SystemCallTrace(file: file), accepted: load.ledger.contents.answered,
                    isJournal: { $0.contains("/data/bus/") })
                await box.set(proof)
            }
            return try #require(await box.proof)
        }

        /// Where tracing is forbidden the test fails and says so: a proof that was not made is not a proof.
        private static func requireTracer() async throws {
            let result = try await Child.run("/usr/bin/env", ["strace", "-f", "-o", "/dev/null", "/bin/true"])
            try #require(
                result.end.isSuccess,
                "strace cannot trace here (is it installed, and ptrace allowed? in a container: --cap-add=SYS_PTRACE): \(result.errors)")
        }

        private static func signalTracee(of tracer: Int32) throws {
            let children = try String(contentsOfFile: "/proc/\(tracer)/task/\(tracer)/children", encoding: .utf8)
            let processID = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
            kill(processID, SIGTERM)
        }

        private actor ProofBox {
            private(set) var proof: DurabilityProof?
            func set(_ proof: DurabilityProof) { self.proof = proof }
        }
    }
}
