internal import CoreMetrics
internal import Metrics

/// The worker's instruments, made once. Labels are bounded: never an address, a domain or an id.
struct WorkerMetrics: Sendable {
    let read = Counter(label: "apus_worker_records_read_total")
    let delivered = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "delivered")])
    let deferred = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "deferred")])
    let bounced = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "bounced")])
    let expired = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "expired")])
    /// Sent, or about to be, by an owner that is gone: sent again.
    let inDoubt = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "in_doubt")])
    /// Emitted again from a marker.
    let replayed = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "replayed")])
    let superseded = Counter(label: "apus_worker_recipients_total", dimensions: [("outcome", "superseded")])
    /// The final dot had left, and no answer came.
    let lostAfterDot = Counter(label: "apus_worker_lost_after_dot_total")
    /// Records rewritten to hold topics, by reason: the rewriting rate must stay small.
    let heldForLane = Counter(label: "apus_worker_held_total", dimensions: [("reason", "lane")])
    let heldForLanes = Counter(label: "apus_worker_held_total", dimensions: [("reason", "lanes")])
    let heldForPool = Counter(label: "apus_worker_held_total", dimensions: [("reason", "pool")])
    let heldForOwner = Counter(label: "apus_worker_held_total", dimensions: [("reason", "owner")])
    let heldForTime = Counter(label: "apus_worker_held_total", dimensions: [("reason", "not_before")])
    let heldForRate = Counter(label: "apus_worker_held_total", dimensions: [("reason", "rate")])
    let heldAsGuard = Counter(label: "apus_worker_held_total", dimensions: [("reason", "guard")])
    let dead = Counter(label: "apus_worker_dead_total")
    let backendFailures = Counter(label: "apus_worker_backend_failures_total")
    let newerSchema = Gauge(label: "apus_worker_blocked_partitions")
    let restingSources = Gauge(label: "apus_worker_unusable_sources")
    let detached = Gauge(label: "apus_worker_detached_records")
    /// Since the acceptance of the message that waits longest for a connection.
    let oldestWaiting = Gauge(label: "apus_worker_oldest_waiting_seconds")
    let inFlight = Gauge(label: "apus_worker_in_flight_records")
    let inFlightOctets = Gauge(label: "apus_worker_in_flight_octets")
    /// From acceptance to the far side's 250.
    let latency = Timer(label: "apus_worker_delivery_seconds")
}
