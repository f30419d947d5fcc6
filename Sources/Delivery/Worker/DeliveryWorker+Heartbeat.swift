internal import ApusCore
package import ApusSchema
internal import Backends
internal import CoreMetrics
internal import Logging
internal import SwiftProtobuf

extension DeliveryWorker {
    /// The most lanes that a summary names.
    private static let maximumLanes = 1000
    /// The most that they may take; a registry carries 1 MB.
    private static let maximumOctets = 900_000

    /// How often the oldest messages are looked for: that looks at all there are.
    private static let beatsPerLook = 5

    /// Says that this worker lives, and what it holds.
    func heartbeatLoop() async {
        var ages = OldestMessages.Gauges(label: "apus_worker_oldest_seconds")
        for beat in 0... {
            guard !Task.isCancelled else { return }
            if beat % Self.beatsPerLook == 0 { ages.show(self.state.oldest, now: self.clock.now()) }
            let summary = await self.summary()
            do {
                try await self.throttling.heartbeat(self.id, summary: (try? summary.serializedBytes()) ?? [])
            } catch {
                self.metrics.backendFailures.increment()
                self.logger.warning("the heartbeat could not be written", metadata: ["error": "\(error)"])
            }
            do { try await self.clock.sleep(for: self.configuration.heartbeatInterval) } catch { return }
        }
    }

    /// What this worker holds, for operators.
    package func summary() async -> Apus_V1_QueueSummary {
        let lanes = await self.lanes.snapshots()
        let (inFlight, octets, blocked, detached) = self.state.ledger { ($0.inFlight, $0.octets, $0.blocked, $0.detachedRecords) }
        self.metrics.inFlight.record(inFlight)
        self.metrics.inFlightOctets.record(octets)
        self.metrics.newerSchema.record(blocked)
        self.metrics.detached.record(detached)
        let now = self.clock.now()
        self.metrics.restingSources.record(self.state.sources { $0.resting(now: now) })
        var summary = Apus_V1_QueueSummary()
        summary.worker = self.id.rawValue
        summary.madeAtMs = self.clock.now().rawValue
        summary.inFlight = UInt64(inFlight)
        summary.pools = self.configuration.pools?.sorted() ?? []
        summary.heldPools = self.state.heldPools { $0.names(now: now) }
        // Those that wait longest first.
        let sorted = lanes.sorted { ($0.oldestAcceptedAt?.rawValue ?? .max, $1.waiting) < ($1.oldestAcceptedAt?.rawValue ?? .max, $0.waiting) }
        self.metrics.oldestWaiting.record(sorted.first?.oldestAcceptedAt.map { Double((now - $0).milliseconds) / 1000 } ?? 0)
        var taken = summary.heldPools.reduce(0) { $0 + $1.utf8.count + 4 }
        var named = 0
        for lane in sorted.prefix(Self.maximumLanes) {
            var line = Apus_V1_QueueSummary.Lane()
            line.destinations = lane.destinations
            line.site = lane.site
            line.waiting = UInt64(lane.waiting)
            line.active = UInt64(lane.active)
            line.connections = UInt32(lane.connections)
            line.deferred = UInt64(lane.deferred)
            line.oldestAcceptedAtMs = lane.oldestAcceptedAt?.rawValue ?? 0
            line.lastReply = lane.lastReply
            line.lastReplyAtMs = lane.lastReplyAt?.rawValue ?? 0
            line.waitsFor = lane.waitsFor
            taken += 100 + lane.site.utf8.count + lane.lastReply.utf8.count
            for destination in lane.destinations { taken += destination.utf8.count + 4 }
            guard taken <= Self.maximumOctets else { break }
            summary.lanes.append(line)
            named += 1
        }
        summary.moreWaiting = sorted.dropFirst(named).reduce(0) { $0 + UInt64($1.waiting) }
        return summary
    }
}
