internal import Backends
internal import Synchronization

/// A worker's consumers, one for each of its topics.
final class WorkerConsumers: Sendable {
    private let consumers = Mutex<[String: any BusConsumer]>([:])

    subscript(topic: String) -> (any BusConsumer)? { self.consumers.withLock { $0[topic] } }

    var all: [any BusConsumer] { self.consumers.withLock { Array($0.values) } }

    var topics: Set<String> { self.consumers.withLock { Set($0.keys) } }

    func insert(_ consumer: any BusConsumer, of topic: String) {
        self.consumers.withLock { $0[topic] = consumer }
    }

    func remove(_ topic: String) {
        self.consumers.withLock { $0[topic] = nil }
    }
}
