import Backends
import ControlPlane
import Logging
import ServiceLifecycle
import Synchronization

/// The topics of queues, as queues come: made where they are missing, and made known to this process's bus.
final class QueueTopics: Service {
    private let bus: any MessageBus
    private let topics: ServiceTopics
    private let controlPlane: ControlPlane
    private let logger: Logger
    private let prepared: Mutex<Set<String>>
    /// How often queues that others made are looked for; the copy of the control plane follows as fast.
    private static let interval = Duration.seconds(1)

    /// - Parameter prepared: queues whose topics are there.
    init(bus: any MessageBus, topics: ServiceTopics, controlPlane: ControlPlane, prepared: Set<String>, logger: Logger) {
        self.bus = bus
        self.topics = topics
        self.controlPlane = controlPlane
        self.logger = logger
        self.prepared = Mutex(prepared)
    }

    /// The queues whose topics can be used.
    var queues: Set<String> { self.prepared.withLock { $0 } }

    /// Sees that a queue's topics can be used.
    ///
    /// - Throws: `BusError`.
    func prepare(_ queue: String) async throws {
        guard !self.prepared.withLock({ $0.contains(queue) }) else { return }
        try await self.bus.ensureTopics(self.topics.definitions(ofQueue: queue))
        self.prepared.withLock { _ = $0.insert(queue) }
    }

    /// Follows the queues of the installation until a graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var failed: Set<String> = []
            while true {
                for queue in self.controlPlane.queues.subtracting(self.queues).sorted() {
                    do {
                        try await self.prepare(queue)
                        failed.remove(queue)
                    } catch {
                        if Task.isCancelled { return }
                        // Once, until it works: it is tried again every second.
                        guard failed.insert(queue).inserted else { continue }
                        self.logger.error("a queue cannot be used here yet", metadata: ["queue": "\(queue)", "error": "\(error)"])
                    }
                }
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }
}
