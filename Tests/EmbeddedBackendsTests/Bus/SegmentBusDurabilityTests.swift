import Backends
import Dispatch
import EmbeddedBackends
import Glibc
import NIOCore
import Synchronization
import Testing

@Suite struct SegmentBusDurabilityTests {
    /// Stands in for the disk: syncs wait, or fail.
    private final class Disk: Sendable {
        let entered = DispatchSemaphore(value: 0)
        let leave = DispatchSemaphore(value: 0)
        let holds = Mutex(false)
        let failures = Mutex(0)
        let syncs = Mutex(0)

        func synchronize(_ descriptor: CInt) -> CInt {
            self.syncs.withLock { $0 += 1 }
            if self.holds.withLock({ $0 }) {
                self.entered.signal()
                self.leave.wait()
            }
            let fails = self.failures.withLock { failures in
                defer { failures = max(0, failures - 1) }
                return failures > 0
            }
            guard !fails else {
                errno = EIO
                return -1
            }
            return fdatasync(descriptor)
        }

        /// Waits, on a thread of its own, until a sync is under way.
        func untilEntered() async {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    self.entered.wait()
                    continuation.resume()
                }
            }
        }
    }

    private func open(_ folder: BusTestFolder, _ disk: Disk, sync: Bool = true) async throws -> SegmentMessageBus {
        var configuration = BusTestFolder.configuration
        configuration.synchronizeData = { disk.synchronize($0) }
        configuration.syncOnAcknowledge = sync
        return try await folder.open(configuration)
    }

    @Test func nothingIsSeenOrAcknowledgedBeforeTheSync() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let disk = Disk()
        let bus = try await self.open(folder, disk)
        try await bus.ensureTopics([BusTestFolder.topic()])
        disk.holds.withLock { $0 = true }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let acknowledged = Acknowledged()
            tasks.addTask {
                try await bus.produce([BusTestFolder.record("one")])
                acknowledged.set()
            }
            await disk.untilEntered()
            #expect(try await bus.positions(topic: "mail", group: nil)[0].end == 0)
            #expect(try await BusTestFolder.all(bus).isEmpty)
            #expect(!acknowledged.isSet)
            disk.holds.withLock { $0 = false }
            disk.leave.signal()
            try await tasks.waitForAll()
            #expect(acknowledged.isSet)
        }
        #expect(try await BusTestFolder.all(bus).count == 1)
        await bus.close()
    }

    /// Many producers share a sync.
    @Test func waitingCallsShareOneSync() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let disk = Disk()
        let bus = try await self.open(folder, disk)
        try await bus.ensureTopics([BusTestFolder.topic()])
        for _ in 0..<3 { try await bus.produce([BusTestFolder.record("alone")]) }
        #expect(disk.syncs.withLock { $0 } == 3)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<200 { tasks.addTask { try await bus.produce([BusTestFolder.record("together")]) } }
            try await tasks.waitForAll()
        }
        #expect(disk.syncs.withLock { $0 } < 3 + 200)
        await bus.close()
    }

    @Test func withoutSyncingNothingIsSynced() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let disk = Disk()
        let bus = try await self.open(folder, disk, sync: false)
        try await bus.ensureTopics([BusTestFolder.topic()])
        for _ in 0..<3 { try await bus.produce([BusTestFolder.record("x")]) }
        #expect(disk.syncs.withLock { $0 } == 0)
        await bus.close()
    }

    /// A failed sync fails its call and nothing else; the file is not trusted again.
    @Test func aFailedSyncLosesNothingThatWasAcknowledged() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let disk = Disk()
        let bus = try await self.open(folder, disk)
        try await bus.ensureTopics([BusTestFolder.topic()])
        for number in 0..<5 { try await bus.produce([BusTestFolder.record(number, size: 100)]) }
        let consumer = try await bus.subscribe(
            group: "worker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        _ = try await consumer.nextBatch()
        try await consumer.commit([TopicPartition(topic: "mail", partition: 0): 2])
        let files = folder.files(".hot").count
        disk.failures.withLock { $0 = 1 }
        await #expect { try await bus.produce([BusTestFolder.record(5, size: 100)]) } throws: {
            ($0 as? BusError)?.code == .unavailable
        }
        let next = try await bus.produce([BusTestFolder.record(6, size: 100)])
        #expect(next[0].offset > 5, "an offset is never given twice")
        #expect(folder.files(".hot").count == files + 1)
        let copy = try folder.copy()
        defer { copy.remove() }
        await bus.close()
        for source in [folder, copy] {
            let reopened = try await source.open()
            #expect(try await BusTestFolder.all(reopened).compactMap(BusTestFolder.number) == [2, 3, 4, 6])
            #expect(try await reopened.positions(topic: "mail", group: "worker")[0].committed == 2)
            await reopened.close()
        }
    }

    @Test func aDiskThatKeepsFailingStopsTheBusUntilItIsOpenedAgain() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let disk = Disk()
        let bus = try await self.open(folder, disk)
        try await bus.ensureTopics([BusTestFolder.topic()])
        try await bus.produce([BusTestFolder.record(0, size: 100)])
        disk.failures.withLock { $0 = 1000 }
        for number in 1..<20 {
            await #expect { try await bus.produce([BusTestFolder.record(number, size: 100)]) } throws: {
                ($0 as? BusError)?.code == .unavailable
            }
        }
        #expect(folder.files(".hot").count <= 4)
        // What `/readyz` asks.
        await #expect { try await bus.positions(topic: BusTestFolder.topic().name, group: nil) } throws: {
            ($0 as? BusError)?.code == .unavailable
        }
        disk.failures.withLock { $0 = 0 }
        await bus.close()
        let reopened = try await folder.open()
        // What was not acknowledged may be there or not.
        let numbers = try await BusTestFolder.all(reopened).compactMap(BusTestFolder.number)
        #expect(numbers.first == 0 && Set(numbers).count == numbers.count && Set(numbers).isSubset(of: 0..<20))
        try await reopened.produce([BusTestFolder.record(1, size: 100)])
        await reopened.close()
    }
}

/// A flag that is set once.
final class Acknowledged: Sendable {
    private let flag = Mutex(false)
    var isSet: Bool { self.flag.withLock { $0 } }
    func set() { self.flag.withLock { $0 = true } }
}
