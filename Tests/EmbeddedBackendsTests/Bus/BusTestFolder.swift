import Backends
import EmbeddedBackends
import Foundation
import NIOCore

/// A bus folder of one test's own, with small segments.
struct BusTestFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-bus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path
    }

    /// Small segments, no spares, no delays, no rate: what can happen happens at once.
    static var configuration: SegmentBusConfiguration {
        var configuration = SegmentBusConfiguration()
        configuration.segmentBytes = 256 << 10
        configuration.maximumRecordBytes = 60 << 10
        configuration.maximumGroupBytes = 128 << 10
        configuration.spareSegments = 0
        configuration.compactionDelay = .zero
        configuration.compactionBytesPerSecond = 0
        configuration.maintenanceInterval = .seconds(3600)
        return configuration
    }

    var bus: String { self.path + "/bus" }

    func open(_ configuration: SegmentBusConfiguration = Self.configuration) async throws -> SegmentMessageBus {
        try await SegmentMessageBus.open(folder: self.bus, configuration: configuration)
    }

    /// A copy of the bus as its files are now: what a new process finds when this one dies.
    func copy() throws -> BusTestFolder {
        let copy = try BusTestFolder()
        try FileManager.default.copyItem(atPath: self.bus, toPath: copy.bus)
        return copy
    }

    /// The names of the bus's files with an ending, sorted.
    func files(_ ending: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: self.bus)) ?? []).filter { $0.hasSuffix(ending) }.sorted()
    }

    func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: self.bus + "/" + name)))
    }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: self.bus + "/" + name))
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    /// A topic of one partition that is kept until `worker` has consumed it.
    static func topic(_ name: String = "mail", partitions: Int = 1) -> TopicDefinition {
        TopicDefinition(name: name, partitions: partitions, retention: .untilConsumed(group: "worker"))
    }

    static func record(_ value: String, topic: String = "mail", partition: Int = 0) -> OutgoingRecord {
        OutgoingRecord(topic: topic, key: Array("key".utf8), value: ByteBuffer(string: value), partition: partition)
    }

    /// A record whose value begins with a number and is filled up to a size.
    static func record(_ number: Int, size: Int, topic: String = "mail", partition: Int = 0) -> OutgoingRecord {
        let text = "\(number) "
        return self.record(text + String(repeating: "x", count: max(0, size - text.utf8.count)), topic: topic, partition: partition)
    }

    static func number(_ record: BusRecord) -> Int? {
        let bytes = record.value.readableBytesView.prefix { $0 != UInt8(ascii: " ") }
        return Int(String(decoding: bytes, as: UTF8.self))
    }

    /// Everything that is kept in a topic.
    static func all(_ bus: SegmentMessageBus, topic: String = "mail") async throws -> [BusRecord] {
        let reader = try await bus.read(topic: topic, from: .earliest, follow: false)
        var records: [BusRecord] = []
        while let batch = try await reader.nextBatch() { records += batch }
        await reader.close()
        return records
    }
}
