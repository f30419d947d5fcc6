package import ApusCore
internal import Backends
internal import RedisClient

extension RedisThrottling: WorkerRegistry {
    /// How long a worker counts as alive after it said so, in microseconds.
    static let lifetime = RedisArgument.integer(10_000_000)
    private static let maximumSummaryBytes = 1 << 20
    private static let maximumWorkers: Int64 = 1024
    /// How many summaries are asked for at once: each may have a megabyte.
    private static let page = 16

    package func heartbeat(_ worker: WorkerID, summary: [UInt8]) async throws {
        guard summary.count <= Self.maximumSummaryBytes, Self.isFit(worker) else {
            throw ThrottlingError(.invalidArgument, "a worker's id has 1 to 64 bytes and no line end, and its summary at most 1 MB")
        }
        let answer = try await self.send(
            RedisCommand(
                RedisScripts.beat, keys: [self.keys.epoch, self.keys.workers, self.keys.summaries],
                arguments: [self.time, Self.lifetime, .integer(Self.maximumWorkers), .text(worker.rawValue), .bytes(summary)]))
        guard let living = answer.integer else { throw ThrottlingError.oddAnswer }
        guard living > 0 else { throw ThrottlingError(.unavailable, "there are more than \(Self.maximumWorkers) workers") }
        self.share.setMembers(Int(living))
        // All at once; what fails again is noted again.
        for claim in self.openReleases.take() { self.release(claim) { _ in } }
    }

    package func leave(_ worker: WorkerID) async throws {
        self.share.setMembers(nil)
        _ = try await self.send(
            RedisCommand(
                RedisScripts.leave, keys: [self.keys.epoch, self.keys.workers, self.keys.summaries],
                arguments: [self.time, .text(worker.rawValue)]))
    }

    package func summaries() async throws -> [WorkerID: [UInt8]] {
        let answer = try await self.send(
            RedisCommand(RedisScripts.living, keys: [self.keys.epoch, self.keys.workers], arguments: [self.time, Self.lifetime]))
        guard let names = answer.array?.compactMap(\.text) else { throw ThrottlingError.oddAnswer }
        var summaries: [WorkerID: [UInt8]] = [:]
        var rest = names[...]
        while !rest.isEmpty {
            let page = rest.prefix(Self.page)
            rest = rest.dropFirst(Self.page)
            let values = try await self.send(RedisCommand(["HMGET", self.keys.summaries] + page.map { .text($0) }))
            for (name, value) in zip(page, values.array ?? []) {
                // It may have left in between.
                if let bytes = value.bytes { summaries[WorkerID(name)] = bytes }
            }
        }
        return summaries
    }

    static func isFit(_ worker: WorkerID) -> Bool {
        (1...64).contains(worker.rawValue.utf8.count) && !worker.rawValue.utf8.contains(UInt8(ascii: "\n"))
    }
}
