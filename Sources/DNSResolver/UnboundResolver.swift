import ApusCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A validating, caching resolver: libunbound, driven by one thread of its own.
///
/// Callers put a look-up into a queue and wake the thread through an eventfd; the thread sleeps in `poll` on that and on
/// libunbound's descriptor, and no caller ever waits. Look-ups of the same name and type that overlap are one. Answers
/// come from libunbound's cache while they hold, also negative ones and failures; there is no second cache in front.
///
/// ```swift
/// let resolver = UnboundResolver(configuration: .init(servers: ["192.0.2.53"]))
/// try resolver.start()
/// let answer = try await resolver.lookupMX("example.com")
/// await resolver.close()
/// ```
package final class UnboundResolver: DNSResolving {
    private struct State {
        var isStarted = false
        var isClosed = false
        var isRunning = false
        /// Who waits for what; a question is here from its first caller until its completion.
        var waiting: [DNSQuestion: [Completion]] = [:]
        var waitingCount = 0
        /// Questions that the thread has not seen yet.
        var fresh: [DNSQuestion] = []
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: Configuration
    private let state = Mutex(State())
    private let wakeSignal = WakeSignal()

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Reads the configuration's files and starts the thread. `close()` must follow.
    ///
    /// - Throws: `DNSError` with `.closed`, whose message names the setting that cannot be used.
    package func start() throws(DNSError) {
        guard wakeSignal.descriptor >= 0 else { throw DNSError(.closed, "no file descriptor is free for the resolver") }
        let mayStart = state.withLock { state in
            guard !state.isStarted, !state.isClosed else { return false }
            state.isStarted = true
            state.isRunning = true
            return true
        }
        guard mayStart else { return }
        do throws(DNSError) {
            let context = try UnboundContext(configuration)
            guard OwnedThread.start({ self.run(context) }) else {
                throw DNSError(.closed, "no thread could be started for the resolver")
            }
        } catch {
            ended(with: error)
            throw error
        }
    }

    /// Ends every look-up with `.closed` and returns when the thread is gone.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                state.isClosed = true
                if state.isRunning { state.closeWaiters.append(continuation) }
                return !state.isRunning
            }
            if isDone { continuation.resume() } else { wakeSignal.raise() }
        }
    }

    package func resolve(_ name: String, _ type: DNSRecordType, completion: @escaping Completion) {
        guard let name = DNSName.normalized(name) else {
            return completion(.failure(DNSError(.invalidName, "this is no domain name")))
        }
        let question = DNSQuestion(name: name, type: type)
        enum Admission { case joined, first, refused(DNSError) }
        let admission: Admission = state.withLock { state in
            guard state.isRunning, !state.isClosed else {
                return .refused(DNSError(.closed, "the resolver is not running"))
            }
            guard state.waitingCount < configuration.maximumPending else {
                return .refused(DNSError(.overloaded, "too many look-ups are under way"))
            }
            state.waitingCount += 1
            if state.waiting[question]?.append(completion) != nil { return .joined }
            state.waiting[question] = [completion]
            state.fresh.append(question)
            // The thread takes all fresh questions at once: only the first has to wake it.
            return state.fresh.count == 1 ? .first : .joined
        }
        switch admission {
        case .joined: break
        case .first: wakeSignal.raise()
        case .refused(let error): completion(.failure(error))
        }
    }

    // MARK: The thread

    private func run(_ first: UnboundContext) {
        var context = first
        while true {
            let loop = UnboundLoop(
                context: context, wakeDescriptor: wakeSignal.descriptor, timeout: configuration.timeout,
                complete: { self.complete($0, $1) })
            let failure = loop.run {
                state.withLock { state in
                    guard !state.isClosed else { return nil }
                    defer { state.fresh.removeAll(keepingCapacity: true) }
                    return state.fresh
                }
            }
            context.close()
            if state.withLock({ $0.isClosed }) { return ended(with: failure) }
            // libunbound is lost. Those who wait are told to ask again, and are asked for by a new one; not at once, should it not last.
            failWaiting(with: failure)
            pause()
            guard let next = try? UnboundContext(configuration) else { return ended(with: failure) }
            context = next
        }
    }

    /// A second, or until somebody wants something.
    private func pause() {
        var descriptor = pollfd(fd: wakeSignal.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, 1000)
    }

    /// Whether look-ups are taken.
    package var isRunning: Bool { state.withLock { $0.isRunning && !$0.isClosed } }

    private func failWaiting(with error: DNSError) {
        let completions = state.withLock { state in
            defer {
                state.waiting = [:]
                state.waitingCount = 0
                state.fresh = []
            }
            return state.waiting.values.flatMap(\.self)
        }
        for completion in completions { completion(.failure(error)) }
    }

    private func complete(_ question: DNSQuestion, _ result: Result<DNSAnswer, DNSError>) {
        let completions = state.withLock { state in
            let completions = state.waiting.removeValue(forKey: question) ?? []
            state.waitingCount -= completions.count
            return completions
        }
        for completion in completions { completion(result) }
    }

    /// Refuses everything from now on, and tells all who wait.
    private func ended(with error: DNSError) {
        let (completions, closeWaiters) = state.withLock { state in
            defer {
                state.isRunning = false
                state.waiting = [:]
                state.waitingCount = 0
                state.fresh = []
                state.closeWaiters = []
            }
            return (state.waiting.values.flatMap(\.self), state.closeWaiters)
        }
        for completion in completions { completion(.failure(error)) }
        for waiter in closeWaiters { waiter.resume() }
    }
}
