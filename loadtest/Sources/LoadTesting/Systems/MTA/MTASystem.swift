import FoundationEssentials

/// What the mail servers have in common: SMTP on a port of loopback, a folder, and a set of processes.
package protocol MTASystem: MailSystem {
    var configuration: MTAConfiguration { get }
    var port: Int { get }
    var processes: MTAProcesses { get }
}

extension MTASystem {
    package var entrance: LoadEntrance { .smtp(host: "127.0.0.1", port: port) }
    package var processIDs: [Int32] { processes.roots }
    package func kill() async throws { try await processes.kill() }
    package func stop(within limit: Duration) async throws { try await processes.stop(within: limit) }
    package func suspend() throws { processes.suspend() }
    package func resume() throws { processes.resume() }
    /// Bounces go to the sender by mail, as everything else goes to the sink.
    package func outcomes() async throws -> SystemOutcomes? { nil }

    package func remove() async {
        try? await processes.kill()
        try? FileManager.default.removeItem(atPath: configuration.folder)
    }
}
