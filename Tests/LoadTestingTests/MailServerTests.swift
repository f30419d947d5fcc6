import ChildProcesses
import FoundationEssentials
import LoadTesting
import MailSink
import NIOCore
import Testing

private enum UnpackedServers {
    static let tools = String(#filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }) + "/.build-tools"

    /// smtp-source, which sends, is Postfix's.
    static func canRun() async -> Bool { await MailServer.postfix.unavailable(tools: tools) == nil }
}

/// The servers that Apus is compared with, where they are unpacked (`scripts/deps-mta.sh`) and may run.
@Suite(.serialized, .enabled("no mail server is unpacked, or none may run", { await UnpackedServers.canRun() }))
struct MailServerTests {
    @Test(arguments: MailServer.allCases, [false, true])
    func deliversAndSurvives(server: MailServer, isSigning: Bool) async throws {
        // Without namespaces there is nothing to test: the reason is what `compare` prints.
        guard await server.unavailable(tools: UnpackedServers.tools) == nil else { return }
        let folder = "/tmp/apus-mail-server-\(UUID().uuidString)"
        var sinkConfiguration = try MailSinkConfiguration.loopback()
        sinkConfiguration.keptMessages = 1
        let sink = try await MailSink.start(sinkConfiguration)
        var configuration = MTAConfiguration(tools: UnpackedServers.tools, folder: folder, sink: sink.addresses[0], isSigning: isSigning)
        configuration.connections = 2
        let system = try await server.make(configuration)
        do {
            try await Self.check(system, sink: sink, isSigning: isSigning)
        } catch {
            await system.remove()
            await sink.stop()
            throw error
        }
        await system.remove()
        await sink.stop()
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    private static func check(_ system: any MailSystem, sink: MailSink, isSigning: Bool) async throws {
        try await system.start()
        try await send(5, to: system)
        _ = try await within(.seconds(60), "5 messages") { await sink.waitForMessages(5) }
        let message = String(decoding: try #require(sink.messages.first).content.readableBytesView, as: UTF8.self)
        #expect(message.contains("DKIM-Signature:") == isSigning)
        let use = ProcessTree.use(of: system.processIDs)
        #expect(use.residentOctets > 1_000_000)
        let before = ProcessTree.members(of: system.processIDs)

        try await system.kill()
        #expect(system.processIDs.isEmpty && ProcessTree.members(of: before).isEmpty)
        try await system.start()
        try system.suspend()
        try system.resume()
        try await send(5, to: system)
        _ = try await within(.seconds(60), "10 messages") { await sink.waitForMessages(10) }
        try await system.stop(within: .seconds(60))
        #expect(try await system.queueDepth() != nil)
    }

    private static func send(_ count: Int, to system: any MailSystem) async throws {
        guard case .smtp(let host, let port) = try await system.entrance else { return }
        let libraries = ["usr/lib/postfix", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"].map { "\(UnpackedServers.tools)/postfix/\($0)" }
        let result = try await Child.run(
            "\(UnpackedServers.tools)/postfix/usr/sbin/smtp-source",
            ["-d", "-s", "1", "-m", "\(count)", "-l", "2000", "-f", "a@example.com", "-t", "b@sink.test", "inet:\(host):\(port)"],
            environment: Child.plainEnvironment(["LD_LIBRARY_PATH": libraries.joined(separator: ":")]))
        #expect(result.end.isSuccess, "\(result.errors)")
    }
}
