internal import ApusCore
internal import ApusSchema
internal import Metrics

/// The oldest messages that are accepted and not finished, as far as somebody has them in hand, by pool and class.
struct OldestMessages: Sendable {
    struct Kind: Hashable, Sendable {
        /// The pool's name; `default` for mail without one.
        var pool: String
        var deliveryClass: Topics.DeliveryClass
    }

    /// So many are told apart; pools beyond are `others` together.
    private static let maximumKinds = 1000

    private(set) var acceptedAt: [Kind: UnixMilliseconds] = [:]

    mutating func add(_ kind: Kind, acceptedAt: UnixMilliseconds) {
        var kind = kind
        if self.acceptedAt.count >= Self.maximumKinds, self.acceptedAt[kind] == nil { kind.pool = "others" }
        self.acceptedAt[kind] = min(self.acceptedAt[kind] ?? acceptedAt, acceptedAt)
    }

    mutating func add(_ others: OldestMessages) {
        for (kind, acceptedAt) in others.acceptedAt { self.add(kind, acceptedAt: acceptedAt) }
    }

    /// Their ages as gauges of one name.
    struct Gauges {
        let label: String
        /// Those that were shown with an age.
        private var shown: Set<Kind> = []

        init(label: String) { self.label = label }

        /// Shows ages in seconds; 0 where there is none any more.
        mutating func show(_ oldest: OldestMessages, now: UnixMilliseconds) {
            for kind in self.shown.union(oldest.acceptedAt.keys) {
                let age = oldest.acceptedAt[kind].map { max(Double((now - $0).milliseconds) / 1000, 0) } ?? 0
                Gauge(label: self.label, dimensions: [("pool", kind.pool), ("class", kind.deliveryClass.rawValue)]).record(age)
            }
            self.shown = Set(oldest.acceptedAt.keys)
        }
    }
}
