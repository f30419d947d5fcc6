import ChildProcesses
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Every operation through an unmodified AWS SDK.
    @Suite
    struct Boto3 {
        @Test
        func everyOperation() async throws {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let repository = folder.deletingLastPathComponent().deletingLastPathComponent().path
            let python = Programs.python(repository: repository)
            let isThere = try? await Child.run(python, ["-c", "import boto3"])
            try #require(isThere?.end.isSuccess == true, "\(python) with boto3 is not there: run `make deps`")
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                let result = try await Child.run(
                    python, ["-I", folder.appending(path: "Scripts/operations.py").path],
                    environment: Child.plainEnvironment([
                        "AWS_ACCESS_KEY_ID": client.key.id, "AWS_SECRET_ACCESS_KEY": client.key.secret, "AWS_REGION": client.region,
                        "AWS_DEFAULT_REGION": client.region, "AWS_EC2_METADATA_DISABLED": "true", "ENDPOINT_URL": "http://\(try server.address)",
                    ]), within: .seconds(90))
                try #require(result.end.isSuccess, "\(result.output)\n\(result.errors)")
                // It prints the MessageIds of what it has sent.
                let sent = Set(result.output.split(separator: "\n").filter { $0.hasPrefix("sent ") }.map { String($0.dropFirst(5)) })
                #expect(sent.count >= 4, "\(result.output)")
                let events = try await log.untilFinal(sent, within: .seconds(30))
                #expect(events.filter { $0.type == "Bounce" }.isEmpty)
                #expect(try sink.count >= sent.count)
                // The form of newer SDKs, which the installed one does not speak.
                for (path, member) in [("list-identities", "EmailIdentities"), ("list-configuration-sets", "ConfigurationSets")] {
                    let answer = try await client.call("POST", "/v2/email/\(path)", to: server.address, body: Array(#"{"PageSize":10}"#.utf8))
                    #expect(answer.status == 200, "\(answer.summary)")
                    #expect(String(decoding: answer.body, as: UTF8.self).contains("\"\(member)\""), "\(answer.summary)")
                }
                #expect(try await server.stop().isSuccess)
            }
        }
    }
}
