import ApusCore
import ApusSchema
import Backends
import ControlPlane
import EmbeddedBackends
import Foundation
import Logging

/// The parts of an installation in a data folder.
enum EmbeddedParts {
    /// What a socket address holds on Linux (`sun_path`, 108 bytes with its final zero).
    private static let longestSocketPath = 107

    /// Opens a folder for the time of `body` and closes it in any case.
    ///
    /// - Parameters:
    ///   - settings: the settings in force.
    ///   - path: the folder; it is made when it does not exist.
    ///   - body: what is done with the parts.
    static func withParts<Value: Sendable>(
        settings: Settings, folder path: String, logger: Logger = Logger(label: "apus"),
        _ body: (ServiceParts, DataFolder) async throws -> Value
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
            configuration: ControlPlane.Configuration(settings), logger: logger)
        // One process reads a topic: more partitions would only cost order.
        let topics = ServiceTopics(partitions: 1, eventsAge: settings.eventsAge, eventsBytes: settings.eventsBytes, publishesEvents: false)
        let result: Result<Value, any Error>
        do {
            try await controlPlane.load()
            let queues = controlPlane.queues
            try await bus.ensureTopics(topics.definitions(queues: queues))
            let parts = ServiceParts(
                bus: bus, throttling: throttling, bodies: bodies, controlPlane: controlPlane, topics: topics,
                queues: QueueTopics(bus: bus, topics: topics, controlPlane: controlPlane, prepared: queues, logger: logger),
                isReady: {
                    // The bus refuses questions once it is closed, or has failed to write several times in a row.
                    (try? await bus.positions(topic: Topics.events, group: nil)) != nil
                })
            result = .success(try await body(parts, folder))
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
