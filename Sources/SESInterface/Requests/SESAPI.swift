internal import ApusCore
package import Backends
package import ControlPlane
package import Intake
internal import SESModel

/// What the API's operations work on, and the bounds they work within.
package struct SESAPI: Sendable {
    let controlPlane: ControlPlane
    let router: Router
    let handlers: [String: any OperationHandler]
    let authenticator: Authenticator
    let budget: ByteBudget
    let metrics: APIMetrics
    let isReady: @Sendable () async -> Bool
    let nowUnixSeconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - controlPlane: loaded.
    ///   - intake: where messages go.
    ///   - quotas: what GetAccount tells of.
    ///   - budget: bounds the bytes of all request bodies under way together.
    ///   - isReady: whether this process can do its work, for `/readyz`.
    ///   - nowUnixSeconds: the time that signatures are judged by.
    package init(
        controlPlane: ControlPlane, intake: Intake, quotas: any QuotaCounting, budget: ByteBudget,
        isReady: @escaping @Sendable () async -> Bool, nowUnixSeconds: (@Sendable () -> Int64)? = nil
    ) {
        self.controlPlane = controlPlane
        self.router = Router(SESv2.operations)
        self.handlers = OperationHandlers.all(controlPlane: controlPlane, intake: intake, quotas: quotas)
        self.authenticator = Authenticator(controlPlane: controlPlane, region: controlPlane.configuration.region.name)
        self.budget = budget
        self.metrics = APIMetrics()
        self.isReady = isReady
        self.nowUnixSeconds = nowUnixSeconds ?? TimeOfDay.unixSeconds
    }
}
