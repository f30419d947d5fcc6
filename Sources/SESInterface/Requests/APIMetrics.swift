internal import Metrics
internal import Synchronization

/// Counts requests by operation and outcome. Both sets are fixed, so labels cannot grow.
final class APIMetrics: Sendable {
    private struct Key: Hashable {
        var operation: String
        var outcome: String
    }

    private struct Instruments {
        var counters: [Key: Counter] = [:]
        var timers: [String: Timer] = [:]
    }

    private let instruments = Mutex(Instruments())

    /// - Parameters:
    ///   - operation: an operation's name, or `none`.
    ///   - outcome: `ok`, or the error's wire name.
    func record(operation: String, outcome: String, nanoseconds: Int64) {
        let (counter, timer) = self.instruments.withLock { instruments in
            let key = Key(operation: operation, outcome: outcome)
            let counter =
                instruments.counters[key]
                ?? Counter(label: "apus_api_requests_total", dimensions: [("operation", operation), ("outcome", outcome)])
            instruments.counters[key] = counter
            let timer = instruments.timers[operation] ?? Timer(label: "apus_api_request_duration", dimensions: [("operation", operation)])
            instruments.timers[operation] = timer
            return (counter, timer)
        }
        counter.increment()
        timer.recordNanoseconds(nanoseconds)
    }
}
