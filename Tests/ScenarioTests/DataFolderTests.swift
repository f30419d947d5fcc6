import ChildProcesses
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The data folder: one holder, one owner, one format; and what starting refuses.
    @Suite
    struct DataFolder {
        @Test
        func aSecondServerIsRefusedAndNamesTheFirst() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                try await server.start()
                let second = try await Child.run(Programs.apus, server.serveArguments())
                #expect(!second.end.isSuccess)
                #expect(second.errors.contains("\(try server.child.processID)"), "\(second.errors)")
                #expect(second.errors.contains(server.data), "\(second.errors)")
                // The lock is the process's: it goes with it, however that ended.
                try await server.killAndRestart()
            }
        }

        @Test
        func aNewerFolderIsRefusedWithBothVersions() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                try await server.start()
                #expect(try await server.stop().isSuccess)
                let format = server.data + "/format"
                let own = try String(contentsOfFile: format, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
                try Data("9417\n".utf8).write(to: URL(fileURLWithPath: format))
                for arguments in [server.serveArguments(), ["keys", "create", "--data", server.data]] {
                    let result = try await Child.run(Programs.apus, arguments)
                    #expect(!result.end.isSuccess)
                    #expect(result.errors.contains("9417") && result.errors.contains(" \(own)"), "\(result.errors)")
                }
            }
        }

        @Test
        func everythingInItIsPrivate() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let raw = SendEmailBody.message(loadID: "large", from: "ada@example.com", to: "grace@remote.test", size: 600_000)
                let answer = try await client.send(SendEmailBody.raw(raw, to: ["grace@remote.test"]), to: server.address)
                _ = try await server.followEvents().untilFinal([try #require(answer.messageID)], within: .seconds(30))
                var checked = 0
                let names = try FileManager.default.subpathsOfDirectory(atPath: server.data)
                for name in [""] + names {
                    // A file may go while this looks.
                    guard let attributes = try? FileManager.default.attributesOfItem(atPath: "\(server.data)/\(name)") else { continue }
                    let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
                    let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
                    let isSocket = attributes[.type] as? FileAttributeType == .typeSocket
                    #expect(isSocket ? mode & 0o077 == 0 : mode == (isFolder ? 0o700 : 0o600), "\(name): \(String(mode, radix: 8))")
                    checked += 1
                }
                #expect(checked > 5)
                // Secrets are encrypted where they lie.
                let secret = Data(client.key.secret.utf8)
                for name in names {
                    let path = "\(server.data)/\(name)"
                    guard (try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType) == .typeRegular,
                        let contents = FileManager.default.contents(atPath: path)
                    else { continue }
                    #expect(contents.range(of: secret) == nil, "\(name) holds the secret in clear")
                    #expect(contents.range(of: Data("PRIVATE KEY".utf8)) == nil, "\(name) holds a private key in clear")
                }
            }
        }

        @Test
        func aFolderOpenToOthersIsRefused() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                try await server.start()
                #expect(try await server.stop().isSuccess)
                try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: 0o755)], ofItemAtPath: server.data)
                let result = try await Child.run(Programs.apus, server.serveArguments())
                #expect(!result.end.isSuccess)
                #expect(result.errors.contains("chmod 700"), "\(result.errors)")
            }
        }

        @Test
        func commandsWorkWithAServerAndWithout() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let server = try stage.makeServer(arguments: ["--route", "*=\(sink.address)"])
                // Without a server, on a folder that does not exist yet.
                let before = try await server.createKey()
                try await server.createVerifiedIdentity("example.com")
                #expect(try await server.queue().serverRunning == false)
                try await server.start()
                #expect(try await server.queue().serverRunning == true)
                let during = try await server.createKey()
                #expect(before.id != during.id)
                for key in [before, during] {
                    let client = SESClient(key: key, http: stage.http)
                    let answer = try await client.send(SendEmailBody.simple(from: "a@example.com", to: ["b@remote.test"]), to: server.address)
                    #expect(answer.status == 200, "\(answer.summary)")
                }
                #expect(try await server.command("identities", "show", "example.com").contains("SUCCESS"))
                #expect(try await server.tryCommand("identities", "show", "missing.test").end == .exited(1))
                #expect(try await server.stop().isSuccess)
                #expect(try await server.command("identities", "show", "example.com").contains("SUCCESS"))
                #expect(try await server.events().contains { $0.type == "Send" })
            }
        }

        @Test
        func plainHTTPOffLoopbackIsRefusedUnlessTold() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                let refused = try await Child.run(Programs.apus, server.serveArguments(http: "0.0.0.0:0"))
                #expect(!refused.end.isSuccess)
                #expect(refused.errors.contains("http.allowPlain"), "\(refused.errors)")
                #expect(!FileManager.default.fileExists(atPath: server.data + "/control.sock"))
                let told = try stage.makeServer("told", settings: ["http.allowPlain": true])
                let child = try await Child.start(name: "apus serve", Programs.apus, told.serveArguments(http: "0.0.0.0:0"))
                let line = try await child.line(within: .seconds(30)) { $0.hasPrefix("apus: ready") }
                #expect(line.contains("http=0.0.0.0:"))
                #expect(try await child.stop().isSuccess)
            }
        }

        @Test
        func settingsThatAreNoneNameTheNearest() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer(settings: ["delivery.prot": 2525, "sending.maximumAge": "soon"])
                let result = try await Child.run(Programs.apus, server.serveArguments())
                #expect(!result.end.isSuccess)
                // All problems at once.
                #expect(result.errors.contains("delivery.prot") && result.errors.contains("did you mean delivery.port?"), "\(result.errors)")
                #expect(result.errors.contains("sending.maximumAge") && result.errors.contains("soon"), "\(result.errors)")
                let good = try stage.makeServer("good")
                let variable = try await Child.run(
                    Programs.apus, good.serveArguments(), environment: Child.plainEnvironment(["APUS_DELIVERY_PROT": "25"]))
                #expect(!variable.end.isSuccess)
                #expect(variable.errors.contains("APUS_DELIVERY_PORT"), "\(variable.errors)")
            }
        }

        @Test
        func healthIsAnswered() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                try await server.start()
                let client = SESClient(key: try await server.createKey(), http: stage.http)
                for path in ["/healthz", "/readyz"] {
                    let answer = try await client.call("GET", path, to: server.address, fault: .init(isUnsigned: true))
                    #expect(answer.status == 200, "\(path): \(answer.summary)")
                }
            }
        }
    }
}
