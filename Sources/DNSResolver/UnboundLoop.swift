internal import CUnbound

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the resolver's thread does: start look-ups, sleep, hand out answers, end look-ups that took too long.
///
/// Made, used and dropped on that thread only. It sleeps in `poll` until a caller wakes it, libunbound has answers, or
/// the earliest deadline is due.
final class UnboundLoop {
    /// A look-up under way. libunbound holds it unretained: its callback runs inside `process()` and its cancellation
    /// here, both on this thread, and only after either does the table let go.
    private final class Flight {
        let question: DNSQuestion
        let deadline: ContinuousClock.Instant
        unowned let loop: UnboundLoop
        var identifier: Int32 = 0
        var isDone = false

        init(question: DNSQuestion, deadline: ContinuousClock.Instant, loop: UnboundLoop) {
            self.question = question
            self.deadline = deadline
            self.loop = loop
        }
    }

    private let context: UnboundContext
    private let wakeDescriptor: Int32
    private let timeout: Duration
    private let complete: (DNSQuestion, Result<DNSAnswer, DNSError>) -> Void
    private let clock = ContinuousClock()
    private var flights: [DNSQuestion: Flight] = [:]
    /// Every flight in the order of its deadline, since all have the same time; done ones go when they come first.
    private var order: [Flight] = []
    private var orderStart = 0

    init(
        context: UnboundContext, wakeDescriptor: Int32, timeout: Duration,
        complete: @escaping (DNSQuestion, Result<DNSAnswer, DNSError>) -> Void
    ) {
        self.context = context
        self.wakeDescriptor = wakeDescriptor
        self.timeout = timeout
        self.complete = complete
    }

    /// Runs until `next` gives nil or libunbound fails.
    ///
    /// - Parameter next: the questions asked since its last call; nil ends the loop.
    /// - Returns: why it ended. Look-ups still under way are cancelled and not completed.
    func run(next: () -> [DNSQuestion]?) -> DNSError {
        defer { for flight in flights.values { context.cancel(flight.identifier) } }
        while let fresh = next() {
            for question in fresh { start(question) }
            expire()
            guard sleep() else { return DNSError(.temporaryFailure, "the resolver's worker is lost") }
        }
        return DNSError(.closed, "the resolver is closed")
    }

    private func start(_ question: DNSQuestion) {
        let flight = Flight(question: question, deadline: clock.now + timeout, loop: self)
        let status = context.start(
            name: question.name + ".", type: question.type.rawValue,
            data: Unmanaged.passUnretained(flight).toOpaque()
        ) { data, status, result in
            defer { if let result { ub_resolve_free(result) } }
            guard let data else { return }
            let flight = Unmanaged<Flight>.fromOpaque(data).takeUnretainedValue()
            flight.loop.finish(flight, UnboundAnswer.read(flight.question.type, status: status, result: result))
        }
        switch status {
        case .success(let identifier):
            flight.identifier = identifier
            flights[question] = flight
            order.append(flight)
        case .failure(let status):
            complete(question, .failure(status.error))
        }
    }

    private func finish(_ flight: Flight, _ result: Result<DNSAnswer, DNSError>) {
        flight.isDone = true
        flights[flight.question] = nil
        complete(flight.question, result)
    }

    /// Ends what is past its deadline.
    private func expire() {
        let now = clock.now
        while orderStart < order.count, order[orderStart].isDone || order[orderStart].deadline <= now {
            let flight = order[orderStart]
            orderStart += 1
            if !flight.isDone {
                context.cancel(flight.identifier)
                finish(flight, .failure(DNSError(.timeout, "no answer in time")))
            }
        }
        if orderStart * 2 > order.count {
            order.removeFirst(orderStart)
            orderStart = 0
        }
    }

    /// Sleeps, then takes what woke it; false when libunbound is lost.
    private func sleep() -> Bool {
        var descriptors = [
            pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: context.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, milliseconds()) >= 0 else { return errno == EINTR }
        if descriptors[0].revents != 0 { WakeSignal.take(from: wakeDescriptor) }
        return descriptors[1].revents == 0 || context.process()
    }

    /// How long until the first deadline, rounded up, so that it has passed on waking; -1 for ever.
    private func milliseconds() -> Int32 {
        guard orderStart < order.count else { return -1 }
        let (seconds, attoseconds) = (order[orderStart].deadline - clock.now).components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: max(milliseconds, 0))
    }
}
