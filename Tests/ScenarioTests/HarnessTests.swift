import ChildProcesses
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The scenarios' own means: what they would not see, no scenario would.
    @Suite
    struct Harness {
        @Test
        func childrenEndAsTheyAreEnded() async throws {
            let failing = try await Child.run("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"])
            #expect(failing.end == .exited(3) && failing.output == "out" && failing.errors == "err")
            let child = try await Child.start(name: "sleeper", "/bin/sh", ["-c", "echo ready; exec sleep 600"])
            #expect(try await child.line(within: .seconds(10)) { $0 == "ready" } == "ready")
            child.signal(19)
            try await child.kill()
            #expect(child.end == .signalled(9))
            await #expect(throws: ChildFailure.self) { try await child.line(within: .seconds(10)) { $0 == "never" } }
            let silent = try await Child.start(name: "silent", "/bin/sh", ["-c", "exec sleep 600"])
            await #expect(throws: ChildFailure.self) { try await silent.line(within: .milliseconds(50)) { _ in true } }
            #expect(try await silent.stop() == .signalled(15))
            await #expect(throws: ChildFailure.self) { try await Child.start(name: "nothing", "/nonexistent", []) }
        }

        @Test
        func childrenDieWithTheirParent() async throws {
            let parent = try await Child.start(
                name: "parent", "/bin/sh", ["-c", "\(Child.wrapper) --pdeathsig KILL -- sleep 600 & echo $!; wait"])
            let line = try await parent.line(within: .seconds(10)) { !$0.isEmpty }
            let processID = try #require(Int32(line))
            // The signal is asked for by the child itself: not before it has become what it is to be.
            _ = try await eventually(within: .seconds(10), "the grandchild's start") { () -> Bool? in
                try String(contentsOfFile: "/proc/\(processID)/comm", encoding: .utf8).hasPrefix("sleep") ? true : nil
            }
            try await parent.kill()
            _ = try await eventually(within: .seconds(10), "the grandchild's end") { () -> Bool? in
                // Reaped, or waiting to be by whoever took it over.
                guard let status = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8) else { return true }
                return status.contains(") Z ") ? true : nil
            }
        }

        @Test
        func theSinksStoreCountsCopies() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [.at("rcpt", ["reply": "550 5.1.1 No"], recipient: "no@*")])
                func send(_ loadID: String, to recipient: String) async throws -> String {
                    let connection = try await RawConnection(to: sink.address)
                    try await connection.write(Array("EHLO test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<\(recipient)>\r\nDATA\r\n".utf8))
                    try await connection.write(Array("X-Load-Id: \(loadID)\r\nA: b\r\n c\r\n\r\n..dot\r\n.\r\nQUIT\r\n".utf8))
                    return String(decoding: try await connection.readToEnd(), as: UTF8.self)
                }
                for (loadID, recipient) in [("one", "x@y.test"), ("two", "x@y.test"), ("two", "z@y.test")] {
                    _ = try await send(loadID, to: recipient)
                }
                #expect(try await send("three", to: "no@y.test").contains("550 5.1.1 No"))
                #expect(try sink.copies() == ["one": 1, "two": 2])
                let message = try #require(try sink.messages().first)
                #expect(message.recipients == ["x@y.test"] && message.loadID == "one" && message.values("a") == ["b\r\n c"])
                #expect(message.text.hasSuffix("\r\n\r\n.dot\r\n"))
                // More than the kernel tells in one read, and both ends of each.
                var open: [RawConnection] = []
                for _ in 0..<100 { open.append(try await RawConnection(to: sink.address)) }
                _ = try await eventually(within: .seconds(10), "100 connections seen") { () -> Bool? in
                    try OpenConnections.count(port: sink.port) == 200 ? true : nil
                }
                for connection in open {
                    try await connection.write(Array("QUIT\r\n".utf8))
                    _ = try await connection.readToEnd()
                }
                open = []
                _ = try await eventually(within: .seconds(10), "no connection left") { () -> Bool? in
                    try OpenConnections.count(port: sink.port) == 0 ? true : nil
                }
            }
        }

        @Test
        func answersAreReadFromTheWireWhenTheyAreWhole() throws {
            let text = "HTTP/1.1 413 Payload Too Large\r\nX-Amzn-ErrorType: Some:more\r\nContent-Length: 17\r\n\r\n{\"message\":\"two\"}"
            let bytes = Array(text.utf8)
            let answer = try #require(SESAnswer(wire: bytes + Array("HTTP/1.1 200 OK\r\n".utf8)))
            #expect(answer.status == 413 && answer.errorType == "Some" && answer.message == "two")
            for count in 0..<bytes.count { #expect(SESAnswer(wire: Array(bytes.prefix(count))) == nil, "the first \(count) bytes") }
            // Without a length nobody knows where it ends; and not everything is HTTP.
            #expect(SESAnswer(wire: Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) == nil)
            #expect(SESAnswer(wire: Array("220 mail.test\r\n\r\n".utf8)) == nil)
        }

        @Test
        func failuresCarryLastWords() async throws {
            let failure = await #expect(throws: ScenarioFailure.self) {
                try await Stage.run { stage in
                    _ = try await stage.startSink()
                    throw ChildFailure("on purpose")
                }
            }
            #expect(failure?.description.contains("on purpose") == true && failure?.lastWords.contains("sink") == true)
        }
    }
}
