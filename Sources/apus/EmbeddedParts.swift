import ApusCore
import Backends
import ControlPlane
import EmbeddedBackends
import Foundation
import Logging

/// A data folder opened: its backends, and the control plane on them. A server keeps them for its life, a command for a moment.
struct EmbeddedParts: Sendable {
    /// What a socket address holds on Linux (`sun_path`, 108 bytes with its final zero).
    private static let longestSocketPath = 107

    let folder: DataFolder
    let bus: SegmentMessageBus
    let store: SQLiteStateStore
    let throttling: EmbeddedThrottling
    let bodies: FileBodyStore
    let controlPlane: ControlPlane

    /// Opens a folder for the time of `body` and closes it in any case.
    ///
    /// - Parameters:
    ///   - settings: the settings in force.
    ///   - path: the folder; it is made when it does not exist.
    ///   - body: what is done with the parts.
    static func withParts<Value: Sendable>(
        settings: Settings, folder path: String, logger: Logger = Logger(label: "apus"), _ body: (EmbeddedParts) async throws -> Value
    ) async throws -> Value {
        let folder = try DataFolder.open(path)
        guard folder.controlSocketPath.utf8.count <= Self.longestSocketPath else {
            throw AdminAnswer.Failure(
                error:
                    "the path \(path) is too long for the control socket in it: choose a data folder of at most \(Self.longestSocketPath - 13) bytes")
        }
        let ring = try Self.masterKeys(settings, folder: folder)
        let store = try SQLiteStateStore(folder: folder.statePath)
        let throttling = try EmbeddedThrottling(folder: folder.throttlingPath, logger: logger)
        var busConfiguration = SegmentBusConfiguration()
        busConfiguration.syncOnAcknowledge = settings.syncOnAcknowledge
        let bus = try await SegmentMessageBus.open(folder: folder.busPath, configuration: busConfiguration)
        let bodies = FileBodyStore(folder: folder.bodiesPath)
        let controlPlane = ControlPlane(
            store: store, sealer: SecretSealer(ring: ring),
            configuration: ControlPlane.Configuration(
                region: settings.region, dkimZone: settings.sending.dkimZone, domain: settings.sending.domain,
                ed25519: settings.sending.ed25519, maximum24HourSend: settings.accounts.maximum24HourSend,
                maximumSendRate: settings.accounts.maximumSendRate),
            logger: logger)
        let parts = EmbeddedParts(
            folder: folder, bus: bus, store: store, throttling: throttling, bodies: bodies, controlPlane: controlPlane)
        let result: Result<Value, any Error>
        do {
            try await bus.ensureTopics(
                ServiceTopics.definitions(eventsAge: settings.eventsAge, eventsBytes: settings.eventsBytes))
            try await controlPlane.load()
            result = .success(try await body(parts))
        } catch {
            result = .failure(error)
        }
        await bus.close()
        await throttling.close()
        await bodies.close()
        await store.close()
        return try result.get()
    }

    private static func masterKeys(_ settings: Settings, folder: DataFolder) throws -> MasterKeyRing {
        if let text = settings.masterKey { return try MasterKeyRing(text: text, source: "security.masterKey") }
        if let file = settings.masterKeyFile { return try MasterKeyRing(file: file) }
        return try MasterKeyRing.loadOrCreate(file: folder.masterKeyPath)
    }
}
