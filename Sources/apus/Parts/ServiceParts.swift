import Backends
import ControlPlane
import ServiceLifecycle

/// An installation opened: its backends, and the control plane on them. A server keeps them for its life, a command for a moment.
struct ServiceParts: Sendable {
    let bus: any MessageBus
    let throttling: any Throttling
    let bodies: any BodyStore
    let controlPlane: ControlPlane
    let topics: ServiceTopics
    let queues: QueueTopics
    /// What must run for the backends to work: begun before all that uses them and ended after it.
    var upkeep: [any Service] = []
    /// Whether mail can be taken in, as far as the backends are concerned.
    let isReady: @Sendable () async -> Bool
}

extension ControlPlane.Configuration {
    /// As the settings say.
    init(_ settings: Settings) {
        self.init(
            region: settings.region, dkimZone: settings.sending.dkimZone, domain: settings.sending.domain,
            ed25519: settings.sending.ed25519, maximum24HourSend: settings.accounts.maximum24HourSend,
            maximumSendRate: settings.accounts.maximumSendRate)
    }
}
