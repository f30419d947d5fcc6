import ApusSchema
import Backends
import CoreMetrics
import Delivery
import Logging
import Metrics
import ServiceLifecycle

/// Shows what waits, and warns of pools whose mail nobody can deliver. The figures are the installation's, the same in each process that shows
/// them.
struct QueueMetrics: Service {
    let queue: QueueReader
    /// Whether waiting mail is shown, and workers and pools are looked after.
    let showsMail: Bool
    /// Whether events are shown that wait to be published.
    let showsEvents: Bool
    /// Whether somebody looks at the figures: topics are asked for only then.
    let areTopicsShown: Bool
    let logger: Logger
    /// How often workers are asked.
    var interval: Duration = .seconds(10)
    /// Every how many times topics are asked too: that is a call of the brokers for each partition.
    var topicsEvery = 6

    /// The topics, and whose work in them is counted.
    private var topics: [(name: String, group: String)] {
        let mail = self.showsMail ? self.queue.waiting.filter { $0 != Topics.dead } : []
        return mail.map { (name: $0, group: Topics.group(of: $0)) }
            + (self.showsEvents ? [(name: Topics.events, group: Topics.publisherGroup)] : [])
    }

    func run() async throws {
        let workers = Gauge(label: "apus_workers")
        let poolsWithoutWorker = Gauge(label: "apus_pools_without_worker")
        await cancelWhenGracefulShutdown {
            var warned: Set<String> = []
            for round in 0... {
                do { try await Task.sleep(for: self.interval) } catch { return }
                do {
                    if self.showsMail {
                        let summaries = try await self.queue.summaries()
                        let pools = try await self.queue.poolsWithoutWorker(summaries)
                        workers.record(summaries.count)
                        poolsWithoutWorker.record(pools.count)
                        for pool in pools where !warned.contains(pool) {
                            self.logger.warning(
                                "mail of a pool waits and no worker can deliver it: give it an address of a worker's host, or a worker the pool (delivery.pools)",
                                metadata: ["pool": "\(pool)"])
                        }
                        warned = Set(pools)
                    }
                    guard self.areTopicsShown, round % self.topicsEvery == 0 else { continue }
                    for (name, group) in self.topics {
                        let topic = try await self.queue.topic(name, group: group)
                        Gauge(label: "apus_topic_waiting_records", dimensions: [("topic", name)]).record(topic.waiting)
                        Gauge(label: "apus_topic_partitions_without_offset", dimensions: [("topic", name)]).record(topic.partitionsWithoutOffset)
                    }
                } catch {
                    // Whoever needs the engine says more.
                    self.logger.debug("what waits could not be read", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
