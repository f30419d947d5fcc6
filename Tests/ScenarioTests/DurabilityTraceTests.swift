import ChildProcesses
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// `kill -9` keeps the page cache, so it says nothing of power cuts: the order of system calls does.
    @Suite
    struct DurabilityTrace {
        /// For traces that are written here.
        private static let messageID = String(repeating: "0", count: 16) + "-11111111-2222-3333-4444-555555555555-000000"
        private static let answer =
            #"11 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 OK\r\n\r\n{\"MessageId\":\"\#(Self.messageID)\"}", 90) = 90"#

        @Test
        func everyAnswerLeavesAfterTheSyncOfItsRecord() async throws {
            let (proof, accepted) = try await Self.trace(syncs: true)
            #expect(proof.answered.count >= 40)
            #expect(proof.violations.isEmpty, "\(proof.violations.count): \(proof.violations.prefix(5))")
            // Calls of every kind were among them.
            for isSplit in [false, true] {
                for isStored in [false, true] {
                    let seen = accepted.values.count {
                        $0.isSplit == isSplit && $0.isStored == isStored && proof.answered.contains($0.messageID)
                    }
                    #expect(seen >= 5, "several domains: \(isSplit), body in a file: \(isStored)")
                }
            }
        }

        /// The proof is worth something only if it can fail.
        @Test
        func theProofFailsWithoutSyncs() async throws {
            let (proof, _) = try await Self.trace(syncs: false)
            #expect(proof.answered.count >= 40)
            #expect(proof.violations.count >= 20, "with bus.syncOnAcknowledge=false the checker must see violations")
        }

        @Test
        func theCheckerReadsInterleavedCalls() {
            func proof(_ text: String) -> DurabilityProof { Self.proof(text, AcceptedCall(messageID: Self.messageID)) }
            let write = #"10 pwrite64(7</d/bus/1.hot>, "\2\#(SendEmailBody.marker)load-7.\r\n", 80, 0) = 80"#
            let answer = Self.answer
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

        /// A record that names a body promises it: its bytes, its name and its bucket's name must be on the disk before.
        @Test
        func theCheckerWantsBodiesSyncedBeforeTheirRecords() {
            func violations(_ parts: [String]...) -> Int {
                let text = parts.flatMap { $0 }.joined(separator: "\n")
                return Self.proof(text, AcceptedCall(messageID: Self.messageID, isStored: true)).violations.count
            }
            let bucket = "/d/bodies/0007a1b2"
            let name = "0007a1b2-0123456789abcdef-00112233445566778899aabbccddeeff"
            let made = #"12 mkdir("\#(bucket)", 0700)       = 0"#
            let folderSync = "12 fsync(5</d/bodies>)            = 0"
            let start = #"12 write(8<\#(bucket)/\#(name)>, "From: a\r\n\r\n\#(SendEmailBody.marker)load-7.\r\n0123", 99) = 99"#
            let rest = #"12 write(8<\#(bucket)/\#(name)>, "456789\r\n", 8) = 8"#
            let bodySync = "12 fsync(8<\(bucket)/\(name)>)    = 0"
            let nameSync = "12 fsync(6<\(bucket)>)            = 0"
            let record = #"10 pwrite64(7</d/bus/1.hot>, "\10\1\22<\222\1:\#(name)\232\1\5", 80, 0) = 80"#
            let sync = "10 fdatasync(7</d/bus/1.hot>)     = 0"
            let end = [sync, Self.answer]
            let body = [start, rest, bodySync, nameSync]
            #expect(violations([made, folderSync], body, [record], end) == 0)
            // The bucket may be older than the trace, and its folder be synced by another thread, but not never.
            #expect(violations([folderSync], body, [record], end) == 0)
            #expect(violations(body, [record], end) == 1)
            // The bucket's name: synced before it was there, after the record, in vain, or another folder was.
            #expect(violations([folderSync, made], body, [record], end) == 1)
            #expect(violations([made], body, [record, folderSync], end) == 1)
            #expect(violations([made, folderSync.replacing("= 0", with: "= -1 EIO")], body, [record], end) == 1)
            #expect(violations([made, folderSync.replacing("/d/bodies", with: "/d/bus")], body, [record], end) == 1)
            let before = [made, folderSync]
            // The bytes: never synced, before the last of them was written, after the record, half before it, or in vain.
            #expect(violations(before, [start, rest, nameSync, record], end) == 1)
            #expect(violations(before, [start, bodySync, rest, nameSync, record], end) == 1)
            #expect(violations(before, [start, rest, nameSync, record, bodySync], end) == 1)
            let begun = bodySync.replacing(">)    = 0", with: "> <unfinished ...>")
            let ended = "12 <... fsync resumed>) = 0"
            #expect(violations(before, [start, rest, nameSync, begun, record, ended], end) == 1)
            #expect(violations(before, [start, rest, begun, nameSync.replacing("12 ", with: "13 "), ended, record], end) == 0)
            #expect(violations(before, [start, rest, bodySync.replacing("= 0", with: "= -1 EIO"), nameSync, record], end) == 1)
            // The name: never synced, before the file was there, after the record.
            #expect(violations(before, [start, rest, bodySync, record], end) == 1)
            #expect(violations(before, [nameSync, start, rest, bodySync, record], end) == 1)
            #expect(violations(before, [start, rest, bodySync, record, nameSync], end) == 1)
            // The record: written first of all, without its own sync, or missing; and a body that is in no file.
            #expect(violations([record, sync, made, folderSync], body, [Self.answer]) == 3)
            #expect(violations(before, body, [record, Self.answer]) == 1)
            #expect(violations(before, body, end) == 1)
            #expect(violations([record], end) == 1)
        }

        /// Of a call with recipients in several domains the first record is the one of all, under the MessageId.
        @Test
        func theCheckerTellsWholeCallsFromTheirParts() {
            func violations(_ record: String) -> Int {
                let lines = [#"10 pwrite64(7</d/bus/1.hot>, "\#(record)", 900, 0) = 900"#, "10 fdatasync(7</d/bus/1.hot>) = 0", Self.answer]
                return Self.proof(lines.joined(separator: "\n"), AcceptedCall(messageID: Self.messageID, isSplit: true)).violations.count
            }
            let text = "\(SendEmailBody.marker)load-7."
            let event = #"\1\0\#(Self.messageID)\10\1\22 00112233445566778899aabbccddeeff\32<\#(Self.messageID)\"\f"#
            let header = String(repeating: #"\0\377"#, count: 24)
            #expect(violations(#"\#(event)\#(header)\#(Self.messageID)\10\1\22\222\v\10\1\22<\#(Self.messageID)\32\f\#(text)"#) == 0)
            #expect(violations(#"\#(event)\#(header)remote.test\10\1\22<\#(Self.messageID)\32\f\#(text)"#) == 1)
        }

        /// What the checker says of a trace with one call.
        private static func proof(_ text: String, _ call: AcceptedCall) -> DurabilityProof {
            DurabilityProof(
                trace: SystemCallTrace(text: text), accepted: ["load-7": call], isJournal: { $0.hasSuffix(".hot") },
                isBody: { $0.hasPrefix("/d/bodies/") })
        }

        /// Calls of a load take turns: recipients in one domain and in two, bodies in the record and in a file.
        private static func expected(_ loadID: String, messageID: String) -> AcceptedCall {
            let number = Int(loadID.drop { !$0.isNumber }) ?? 0
            return AcceptedCall(messageID: messageID, isSplit: number % 2 == 1, isStored: number % 4 >= 2)
        }

        private static func recipients(_ loadID: String) -> [String] {
            let domains = Self.expected(loadID, messageID: "").isSplit ? ["remote.test", "other.test"] : ["remote.test"]
            return domains.map { "\(loadID)@\($0)" }
        }

        /// Above 256 KiB a body goes into a file, and above 64 KiB already where several records will share it.
        private static func size(_ loadID: String) -> Int {
            let call = Self.expected(loadID, messageID: "")
            return !call.isStored ? 2_000 : call.isSplit ? 100_000 : 300_000
        }

        private static func trace(syncs: Bool) async throws -> (proof: DurabilityProof, accepted: [String: AcceptedCall]) {
            try await Self.requireTracer()
            let box = ProofBox()
            try await Stage.run(within: .seconds(180)) { stage in
                let sink = try await stage.startSink()
                let file = stage.folder.file("trace")
                let tracer = [
                    "/usr/bin/env", "strace", "-f", "--seccomp-bpf", "-yy", "-s", "1048576", "-o", file,
                    // Not every architecture has mkdir.
                    "-e", "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,?mkdir,mkdirat", "-e", "signal=none",
                    // strace does not take its tracee along when it is killed.
                    Child.wrapper, "--pdeathsig", "KILL", "--",
                ]
                let (server, client) = try await stage.startServer(to: sink, settings: ["bus.syncOnAcknowledge": syncs], through: tracer)
                let load = Load(client: client, senders: 8, size: { Self.size($0) }, recipients: { Self.recipients($0) })
                try await load.run(on: server.address) {
                    try await load.ledger.untilAnswered(50, within: .seconds(90))
                }
                // The tracer passes no signals on; its only child is the server.
                try Self.signalTracee(of: server.child.processID)
                _ = try await server.child.waitForEnd(within: .seconds(60))
                var accepted: [String: AcceptedCall] = [:]
                for (loadID, messageID) in load.ledger.contents.answered {
                    accepted[loadID] = Self.expected(loadID, messageID: messageID)
                }
                let proof = DurabilityProof(
                    trace: try SystemCallTrace(file: file), accepted: accepted, isJournal: { $0.contains("/data/bus/") },
                    isBody: { $0.contains("/data/bodies/") })
                await box.set(proof, accepted)
            }
            let outcome = await box.outcome
            return try #require(outcome)
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
            private(set) var outcome: (proof: DurabilityProof, accepted: [String: AcceptedCall])?
            func set(_ proof: DurabilityProof, _ accepted: [String: AcceptedCall]) { self.outcome = (proof, accepted) }
        }
    }
}
