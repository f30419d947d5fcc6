import ChildProcesses
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The commands as a person meets them.
    @Suite
    struct Commands {
        @Test(arguments: [
            ("", "serve keys identities pools events queue dead cluster settings --version"),
            ("serve", "--data --http --tls-cert --tls-key --route --config"),
            ("keys", "create"),
            ("keys create", "--data --config --account --json"),
            ("identities", "create records show"),
            ("identities create", "--data --config --account --verified"),
            ("identities records", "--data --config --account"),
            ("identities show", "--data --config --account"),
            ("events", "tail"),
            ("events tail", "--data --config --from-start --follow"),
            ("queue", "--data --config --json"),
            ("dead", "list show requeue bounce discard"),
            ("dead list", "--data --config --json"),
            ("dead requeue", "--data --config --all"),
            ("cluster", "init status release"),
            ("settings", "apus settings"),
        ])
        func helpNamesWhatThereIs(command: String, words: String) async throws {
            let result = try await Child.run(Programs.apus, command.split(separator: " ").map(String.init) + ["--help"])
            #expect(result.end == .exited(0), "\(result.errors)")
            for word in words.split(separator: " ") { #expect(result.output.contains(word), "\(word): \(result.output)") }
        }

        @Test
        func mistypedCommandsSayWhatIsWrong() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                // sysexits.h: 64, the command was used wrongly.
                let unknown = try await Child.run(Programs.apus, ["serve", "--data", server.data, "--htpp", "127.0.0.1:0"])
                #expect(unknown.end == .exited(64))
                #expect(unknown.errors.contains("--htpp"), "\(unknown.errors)")
                let missing = try await Child.run(Programs.apus, ["serve"])
                #expect(missing.end == .exited(64))
                #expect(missing.errors.contains("--data"), "\(missing.errors)")
                let tail = try await server.tryCommand("events", "tail")
                #expect(tail.end == .exited(64))
                #expect(tail.errors.contains("--from-start") && tail.errors.contains("--follow"), "\(tail.errors)")
                // A question about a folder that is not there is a mistyped path, and makes none.
                let elsewhere = stage.folder.file("nowhere")
                let queue = try await Child.run(Programs.apus, ["queue", "--data", elsewhere])
                #expect(!queue.end.isSuccess)
                #expect(queue.errors.contains(elsewhere), "\(queue.errors)")
                #expect(!FileManager.default.fileExists(atPath: elsewhere))
            }
        }

        @Test
        func settingsAndVersionArePrinted() async throws {
            let settings = try await Child.run(Programs.apus, ["settings"])
            #expect(settings.end.isSuccess)
            #expect(settings.output.contains("`delivery.ehlo`") && settings.output.contains("`APUS_DELIVERY_EHLO`"))
            let version = try await Child.run(Programs.apus, ["--version"])
            #expect(version.end.isSuccess)
            #expect(version.output.split(separator: ".").count == 3, "\(version.output)")
        }

        /// With a server and without: what is printed can be read, and is what an SDK needs.
        @Test
        func keysArePrintedForAPerson() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                var printed = [Self.values(try await server.command("keys", "create", "--account", "team"))]
                try await server.start()
                printed.append(Self.values(try await server.command("keys", "create", "--account", "team")))
                for values in printed {
                    #expect(values["Account"]?.hasPrefix("team (") == true, "\(values.keys)")
                    let id = try #require(values["AccessKeyId"])
                    let secret = try #require(values["SecretAccessKey"])
                    #expect(id.hasPrefix("AKIA") && id.count == 20)
                    #expect(secret.count == 40)
                    #expect(values["SmtpUsername"] == id)
                    // Version 4 of SES's SMTP passwords: a 4 and 32 bytes in base64.
                    let password = try #require(values["SmtpPassword"])
                    #expect(password.count == 44 && password.hasPrefix("B"))
                    let client = SESClient(key: AccessKeyPair(id: id, secret: secret), http: stage.http)
                    let answer = try await client.call("GET", "/v2/email/account", to: server.address)
                    #expect(answer.status == 200, "\(answer.summary)")
                }
                #expect(printed[0]["AccessKeyId"] != printed[1]["AccessKeyId"])
                #expect(printed[0]["Account"] == printed[1]["Account"])
            }
        }

        /// The lines of a command, each a name, spaces and a value.
        private static func values(_ text: String) -> [String: String] {
            var values: [String: String] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 1)
                if words.count == 2 { values[String(words[0])] = String(words[1].drop { $0 == " " }) }
            }
            return values
        }

        /// Without --follow the tail has an end, whether a server runs or not.
        @Test
        func theTailOfTheEventsEndsByItself() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let answer = try await client.send(
                    SendEmailBody.simple(from: "ada@example.com", to: ["grace@remote.test"]), to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                _ = try await server.followEvents().untilFinal([messageID], within: .seconds(30))
                for isRunning in [true, false] {
                    if !isRunning { #expect(try await server.stop().isSuccess) }
                    let result = try await server.tryCommand("events", "tail", "--from-start")
                    #expect(result.end == .exited(0), "\(result.errors)")
                    let events = try result.output.split(separator: "\n").map { try SESEvent(line: String($0)) }
                    #expect(events.map(\.type).sorted() == ["Delivery", "Send"], "a server runs: \(isRunning)")
                    #expect(events.allSatisfy { $0.messageID == messageID })
                }
            }
        }
    }
}
