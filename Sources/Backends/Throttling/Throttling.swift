/// Everything that the processes of an installation must agree on while mail flows: rates, daily quotas, who is delivering what,
/// and who is alive. Four small protocols, so that each caller names just what it uses.
package typealias Throttling = RateLimiting & QuotaCounting & DeliveryMarking & WorkerRegistry
