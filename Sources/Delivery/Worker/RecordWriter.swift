package import Backends
internal import ApusCore
internal import NIOCore
internal import Synchronization

/// Puts records of many messages on the bus in few calls: while one call is under way the next one's records gather.
///
/// A bus that is away is tried again, ever more slowly, until it takes the records or ``abandon()`` is called: outcomes of mail that has
/// been sent are not dropped. What waits is bounded by the messages in flight, and those by the worker's byte budget.
package final class RecordWriter: Sendable {
    private struct Entry {
        var records: [OutgoingRecord]
        var continuation: CheckedContinuation<Result<Void, BusError>, Never>
    }

    private struct State {
        var pending: [Entry] = []
        var waiter: CheckedContinuation<Void, Never>?
        var isFinished = false
        var isAbandoned = false
    }

    /// Records in one call at most.
    private static let maximumRecords = 2000
    /// Octets in one call, but for a single larger record.
    private static let maximumOctets = 8 << 20

    private let bus: any MessageBus
    private let clock: any DeliveryClock
    private let state = Mutex(State())

    package init(bus: any MessageBus, clock: any DeliveryClock) {
        self.bus = bus
        self.clock = clock
    }

    /// Writes records and waits until the bus has acknowledged all of them.
    ///
    /// - Throws: `BusError` when the records can never be written, or the writer was abandoned.
    package func write(_ records: [OutgoingRecord]) async throws(BusError) {
        guard !records.isEmpty else { return }
        let result: Result<Void, BusError> = await withCheckedContinuation { continuation in
            let (waiter, isRefused) = self.state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
                guard !state.isFinished else { return (nil, true) }
                state.pending.append(Entry(records: records, continuation: continuation))
                defer { state.waiter = nil }
                return (state.waiter, false)
            }
            if isRefused { continuation.resume(returning: .failure(BusError(.closed, "the worker's writer is closed"))) }
            waiter?.resume()
        }
        try result.get()
    }

    /// Serves ``write(_:)`` until ``finish()``, and returns when all is written.
    package func run() async {
        while let batch = await self.next() {
            await self.write(batch)
        }
    }

    /// Takes no more; ``run()`` returns when what waits is written.
    package func finish() {
        let waiter = self.state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Gives up what the bus does not take at once.
    package func abandon() {
        self.state.withLock { $0.isAbandoned = true }
        self.finish()
    }

    private func next() async -> [Entry]? {
        while true {
            let (batch, isFinished) = self.state.withLock { state -> ([Entry], Bool) in
                var count = 0
                var octets = 0
                var end = 0
                for entry in state.pending {
                    count += entry.records.count
                    octets += entry.records.reduce(0) { $0 + $1.value.readableBytes }
                    if end > 0, count > Self.maximumRecords || octets > Self.maximumOctets { break }
                    end += 1
                }
                let batch = Array(state.pending.prefix(end))
                state.pending.removeFirst(end)
                return (batch, state.isFinished)
            }
            if !batch.isEmpty { return batch }
            if isFinished { return nil }
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLock { state in
                    if !state.pending.isEmpty || state.isFinished { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private func write(_ batch: [Entry]) async {
        var pause = Duration.milliseconds(100)
        while true {
            do {
                try await self.bus.produce(batch.flatMap(\.records))
                for entry in batch { entry.continuation.resume(returning: .success(())) }
                return
            } catch {
                let error = error as? BusError ?? BusError(.unavailable, "the bus failed", cause: error)
                switch error.code {
                case .recordTooLarge, .unknownTopic, .invalidArgument:
                    guard batch.count == 1 else {
                        // One of them does not fit; the others shall not suffer.
                        for entry in batch { await self.write([entry]) }
                        return
                    }
                    batch[0].continuation.resume(returning: .failure(error))
                    return
                case .closed, .topicMismatch, .notOwner, .offsetsLost, .unavailable, .corrupt:
                    if error.code == .closed || self.state.withLock({ $0.isAbandoned }) {
                        for entry in batch { entry.continuation.resume(returning: .failure(error)) }
                        return
                    }
                    try? await self.clock.sleep(for: pause)
                    pause = min(pause * 2, .seconds(2))
                }
            }
        }
    }
}
