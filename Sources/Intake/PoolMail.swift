package import ApusCore
internal import ApusSchema
package import Backends
package import ControlPlane
internal import NIOCore

/// Looks for mail of a pool. The bus knows no contents, so all mail that waits is read: something for the rare deletion of a pool.
package struct PoolMail: Sendable {
    private let bus: any MessageBus
    private let controlPlane: ControlPlane

    /// - Parameters:
    ///   - bus: where mail waits.
    ///   - controlPlane: knows the queues.
    package init(bus: any MessageBus, controlPlane: ControlPlane) {
        self.bus = bus
        self.controlPlane = controlPlane
    }

    /// Whether mail of a pool waits or is in a worker's hands.
    ///
    /// Records move from topic to topic meanwhile. The outbound topics are read before and after the others, so that one would have to go
    /// round once, which takes a quarter of a minute at least, to be missed.
    ///
    /// - Parameters:
    ///   - pool: its name, as messages carry it.
    ///   - matches: whether an account means this pool by the name.
    /// - Throws: `BusError`.
    package func isWaiting(pool: String, matches: (AccountID) -> Bool) async throws -> Bool {
        let waiting = [Topics.submitted] + DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] }
        let outbound = self.controlPlane.queues.sorted().flatMap(Topics.outbound(queue:))
        for topic in outbound + waiting + outbound {
            if try await self.isWaiting(pool: pool, topic: topic, matches: matches) { return true }
        }
        return false
    }

    private func isWaiting(pool: String, topic: String, matches: (AccountID) -> Bool) async throws -> Bool {
        let reader = try await self.bus.read(topic: topic, from: .committed(group: Topics.group(of: topic)), follow: false)
        do {
            while let batch = try await reader.nextBatch() {
                for record in batch {
                    let message =
                        topic == Topics.submitted
                        ? (try? RecordCoding.decode(Apus_V1_SubmittedMessage.self, from: record.value))?.message
                        : try? RecordCoding.decode(Apus_V1_OutboundMessage.self, from: record.value)
                    // What cannot be read goes to the dead topic and is nobody's mail.
                    guard let message, message.pool == pool, let account = AccountID(message.account), matches(account) else { continue }
                    await reader.close()
                    return true
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return false
    }
}
