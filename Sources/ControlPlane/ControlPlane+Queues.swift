internal import ApusCore
internal import ApusSchema
internal import Synchronization

/// Queues: where pools' mail waits. Those of different queues cannot delay each other.
///
/// A queue stays when its last pool goes: something may have been on its way to it, and somebody must still read that. A later pool may have it.
extension ControlPlane {
    /// The most queues beside the default one: each costs a worker two consumers, and brokers two topics.
    package static let maximumQueues = 64

    /// All queues, from the copy.
    package var queues: Set<String> {
        self.snapshot.withLock { $0.queues }.union([Topics.defaultQueue])
    }

    /// The queues of pools by their names, whoever they belong to; that of ``defaultPool`` is the default one. From the copy.
    package func queues(ofPools names: Set<String>) -> Set<String> {
        let queues = self.snapshot.withLock { snapshot in
            Set(snapshot.pools.values.flatMap { pools in names.compactMap { pools[$0]?.queue } })
        }
        return names.contains(Self.defaultPool) ? queues.union([Topics.defaultQueue]) : queues
    }

    /// The names of the pools whose mail waits in a queue. From the copy.
    package func pools(ofQueue queue: String) -> Set<String> {
        let names = self.snapshot.withLock { snapshot in
            Set(snapshot.pools.values.flatMap { pools in pools.values.filter { $0.queue == queue }.map(\.name) })
        }
        return queue == Topics.defaultQueue ? names.union([Self.defaultPool]) : names
    }

    /// A name for a new pool's own queue: the pool's, as far as it may be one.
    ///
    /// - Throws: ``ControlPlaneError``: `invalid` where another pool has that queue.
    package func ownQueue(forPool name: String) throws(ControlPlaneError) -> String {
        try ResourceName.check(name, what: "Pool")
        let queue = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
        guard queue != Topics.defaultQueue, self.pools(ofQueue: queue).isEmpty else {
            throw ControlPlaneError(
                .invalid, "The queue \(queue) is another pool's already: name one for the pool \(name), or the same to share it.")
        }
        return queue
    }

    /// Refuses a name that a new pool's queue cannot have.
    ///
    /// - Throws: ``ControlPlaneError``: `invalid`, `limitExceeded`.
    package func checkQueue(_ name: String) throws(ControlPlaneError) {
        let isValid = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard isValid, (1...64).contains(name.utf8.count) else {
            throw ControlPlaneError(.invalid, "a queue's name has 1 to 64 small letters, digits and '-'")
        }
        let queues = self.queues
        guard queues.contains(name) || queues.count <= Self.maximumQueues else {
            throw ControlPlaneError(
                .limitExceeded, "there are \(Self.maximumQueues) queues already: name one of them for the pool, and it shares it")
        }
    }
}
