import Backends
import DequeModule
import Dispatch
import NIOCore
import Synchronization

/// A produce call on its way through the writer.
///
/// Handed from the caller to the writer's thread; after that only the writer touches it.
final class ProduceTicket: @unchecked Sendable {
    struct Record {
        var partition: Int
        var key: [UInt8]
        var value: ByteBuffer
        var payloadChecksum: UInt64

        var payloadLength: Int { self.key.count + self.value.readableBytes }
    }

    let records: [Record]
    let continuation: CheckedContinuation<[Int64], any Error>
    /// The records that are in a group already, or durable.
    var taken = 0
    /// The offsets given, in the order of the records.
    var offsets: [Int64] = []
    /// Set when part of the call failed: the rest is not written.
    var isFailed = false

    init(records: [Record], continuation: CheckedContinuation<[Int64], any Error>) {
        self.records = records
        self.continuation = continuation
        self.offsets.reserveCapacity(records.count)
    }
}

/// What waits for the writer's thread.
///
/// The records wait in their callers' `await`; the queue adds a few words for each call, so it needs no bound of its own.
final class WriteQueue: Sendable {
    enum Request: Sendable {
        case produce(ProduceTicket)
        case commit(group: String, offsets: [(partition: Int, offset: Int64)], CheckedContinuation<Void, any Error>)
        /// Answers when everything written before it is durable.
        case synchronize(@Sendable ((any Error)?) -> Void)
    }

    private struct State {
        var requests: Deque<Request> = []
        var isWriterAwake = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Adds a request; false when the queue is closed.
    func add(_ request: Request) -> Bool {
        let (isAdded, mustWake) = self.state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.requests.append(request)
            defer { state.isWriterAwake = true }
            return (true, !state.isWriterAwake)
        }
        if mustWake { self.wake.signal() }
        return isAdded
    }

    /// Takes everything that waits; blocks the writer's thread while there is nothing.
    ///
    /// - Returns: nil when the queue is closed and empty.
    func take() -> Deque<Request>? {
        while true {
            let (taken, isClosed) = self.state.withLock { state in
                defer { state.requests.removeAll() }
                if state.requests.isEmpty { state.isWriterAwake = false }
                return (state.requests, state.isClosed)
            }
            if !taken.isEmpty { return taken }
            if isClosed { return nil }
            self.wake.wait()
        }
    }

    /// What arrived meanwhile, without waiting.
    func takeMore() -> Deque<Request> {
        self.state.withLock { state in
            defer { state.requests.removeAll() }
            return state.requests
        }
    }

    func close() {
        self.state.withLock { $0.isClosed = true }
        self.wake.signal()
    }
}
