import Backends
import EmbeddedBackends
import NIOCore
import Testing

@Suite struct SegmentBusRecoveryTests {
    /// Every place where the write of the last group can have ended.
    @Test func truncationAnywhereLosesOnlyWhatIsCut() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic()])
        for number in 0..<4 { try await bus.produce([BusTestFolder.record("value \(number)")]) }
        let before = try folder.copy()
        defer { before.remove() }
        await bus.close()
        let name = try #require(before.files(".hot").first)
        let whole = try before.read(name)
        let end = try #require(whole.lastIndex { $0 != 0 }) + 1
        // A frame of this size: 48 + 3 + 7 rounded up.
        let frame = 64
        let start = end - frame * 2
        for cut in start...end {
            let damaged = try before.copy()
            try damaged.write(Array(whole[..<cut]), name)
            let reopened = try await damaged.open()
            let texts = try await BusTestFolder.all(reopened).map { String(buffer: $0.value) }
            #expect(texts == (0..<texts.count).map { "value \($0)" })
            #expect(texts.count >= 2 && (cut < end || texts.count == 4))
            // Life goes on, at an offset above all that are known.
            let next = try await reopened.produce([BusTestFolder.record("next")])
            #expect(next[0].offset >= Int64(texts.count))
            await reopened.close()
            let again = try await damaged.open()
            #expect(try await BusTestFolder.all(again).map { String(buffer: $0.value) } == texts + ["next"])
            await again.close()
            damaged.remove()
        }
    }

    /// A byte that changed in what was acknowledged is told, not skipped: every frame but those of the last group.
    @Test func changedBytesAreFound() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic()])
        for number in 0..<4 { try await bus.produce([BusTestFolder.record("value \(number)")]) }
        let copy = try folder.copy()
        defer { copy.remove() }
        await bus.close()
        let name = try #require(copy.files(".hot").first)
        let whole = try copy.read(name)
        let end = try #require(whole.lastIndex { $0 != 0 }) + 1
        var refused = 0
        for place in stride(from: 0, to: end, by: 3) {
            var bytes = whole
            bytes[place] ^= 0x40
            let damaged = try copy.copy()
            try damaged.write(bytes, name)
            do {
                let reopened = try await damaged.open()
                let texts = try await BusTestFolder.all(reopened).map { String(buffer: $0.value) }
                // The padding of a frame carries nothing; the last frame may be a torn one.
                #expect(texts == (0..<texts.count).map { "value \($0)" })
                #expect(texts.count == 4 || (texts.count == 3 && place >= end - 64), "byte \(place) of \(end)")
                await reopened.close()
            } catch let error as BusError {
                #expect(error.code == .corrupt)
                #expect(error.message.contains(name))
                refused += 1
            }
            damaged.remove()
        }
        #expect(refused > (end - 64) / 3 / 2)
    }

    /// After a clean close the last frame cannot be a torn one.
    @Test func afterACleanCloseAllDamageIsFound() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic()])
        try await bus.produce([BusTestFolder.record("first")])
        try await bus.produce([BusTestFolder.record("the last one")])
        await bus.close()
        let name = try #require(folder.files(".hot").first)
        var bytes = try folder.read(name)
        let text = Array("the last one".utf8)
        let place = try #require((0..<bytes.count - text.count).first { Array(bytes[$0..<$0 + text.count]) == text })
        bytes[place] ^= 1
        try folder.write(bytes, name)
        await #expect { _ = try await folder.open() } throws: { ($0 as? BusError)?.code == .corrupt }
    }

    /// Produces, commits and rolls while copies are taken; every copy holds what had been acknowledged before it was taken.
    @Test func copiesTakenUnderLoadHoldWhatWasAcknowledged() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic(partitions: 3)])
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for number in 0..<300 {
                    try await bus.produce([BusTestFolder.record(number, size: 2000, partition: number % 3)])
                }
            }
            tasks.addTask {
                for _ in 0..<6 {
                    let acknowledged = try await bus.positions(topic: "mail", group: nil).map(\.end)
                    let copy = try folder.copy()
                    let reopened = try await copy.open()
                    let records = try await BusTestFolder.all(reopened)
                    for partition in 0..<3 {
                        let numbers = records.filter { $0.position.topicPartition.partition == partition }.compactMap(BusTestFolder.number)
                        #expect(numbers == (0..<numbers.count).map { $0 * 3 + partition })
                        #expect(numbers.count >= Int(acknowledged[partition]))
                    }
                    await reopened.close()
                    copy.remove()
                }
            }
            try await tasks.waitForAll()
        }
        await bus.close()
    }

    @Test func opensWithoutAndWithDamagedIndexFiles() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic()])
        for number in 0..<60 { try await bus.produce([BusTestFolder.record(number, size: 20_000)]) }
        await bus.runMaintenance()
        await bus.close()
        let indexes = folder.files(".index")
        #expect(indexes.count >= 3)
        for index in indexes {
            var bytes = try folder.read(index)
            bytes[bytes.count / 2] ^= 1
            try folder.write(bytes, index)
        }
        let reopened = try await folder.open()
        #expect(try await BusTestFolder.all(reopened).compactMap(BusTestFolder.number) == Array(0..<60))
        await reopened.close()
    }

    @Test func refusesANewerFormatNamingBoth() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        await (try folder.open()).close()
        #expect(try folder.read("format") == Array("apus-bus 1\n".utf8))
        try folder.write(Array("apus-bus 7\n".utf8), "format")
        await #expect { _ = try await folder.open() } throws: { error in
            guard let error = error as? BusError else { return false }
            return error.message.contains("format 7") && error.message.contains("format 1")
        }
    }
}
