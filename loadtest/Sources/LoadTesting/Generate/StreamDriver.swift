import DequeModule
import MailSink
import NIOCore

/// Makes the calls of one stream, or of a share of it, on one event loop.
///
/// In an open loop each call has its time before anything is known of the calls before it. A call that finds no connection waits in a queue and keeps its time, so
/// what is measured from there includes the wait: a system that stalls cannot hide it by not being asked (coordinated omission).
final class StreamDriver {
    /// How long a stream goes on trying to connect before it gives up.
    private static let connectPatience: Int64 = 60_000_000_000
    /// Connections that wait for their greeting at once. Some servers leave all beyond their listen backlog without one (OpenSMTPD's is 5).
    private static let openingAtOnce = 2
    private static let retryDelay = TimeAmount.milliseconds(20)

    struct Share {
        /// Calls a second; nil in a closed loop.
        var rate: Double?
        var concurrency: Int
        var messages: Int?
        /// Nanoseconds since 1970.
        var begin: Int64
        var end: Int64?
    }

    private let loop: any EventLoop
    private let stream: LoadStream
    private let number: UInt8
    private let share: Share
    private let run: UInt32
    private let keys: [Int]
    private let log: RecordLogWriter<SentRecord>
    private let progress: LoadProgress
    private var picker: DomainPicker
    private let open: () -> EventLoopFuture<any LoadConnection>
    private let finished: EventLoopPromise<Void>

    private var random: SplitMix64
    private var idle: [any LoadConnection] = []
    private var connections = 0
    private var opening = 0
    /// When connecting began to fail.
    private var failingSince: Int64?
    /// Times of calls that wait for a connection.
    private var due = Deque<Int64>()
    private var nextArrival: Double = 0
    private var scheduledCount = 0
    private var inFlight = 0
    private var isScheduling = true
    private var isDone = false
    private var accounts = 0

    init(
        loop: any EventLoop, stream: LoadStream, number: UInt8, share: Share, run: UInt32, keys: Int, seed: UInt64, log: RecordLogWriter<SentRecord>,
        progress: LoadProgress, open: @escaping () -> EventLoopFuture<any LoadConnection>, finished: EventLoopPromise<Void>
    ) {
        self.loop = loop
        self.stream = stream
        self.number = number
        self.share = share
        self.run = run
        self.keys = stream.accounts.isEmpty ? Array(0..<max(keys, 1)) : stream.accounts
        self.log = log
        self.progress = progress
        self.picker = DomainPicker(stream.domains)
        self.open = open
        self.finished = finished
        random = SplitMix64(state: seed)
    }

    func start() {
        let wait = share.begin - WallClock.now()
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(max(wait, 0))) { bound.value.begin() }
    }

    /// No further call begins; those on their way are waited for.
    func stop() {
        isScheduling = false
        due.removeAll()
        finishIfOver()
    }

    private func begin() {
        nextArrival = Double(share.begin)
        if share.rate == nil {
            for _ in 0..<share.concurrency { scheduleNext(at: WallClock.now()) }
        } else {
            tick()
        }
    }

    // MARK: - When calls are due

    /// Takes up all calls whose time has come, and sleeps until the next.
    private func tick() {
        guard isScheduling, let rate = share.rate else { return finishIfOver() }
        let now = WallClock.now()
        while isScheduling, Int64(nextArrival) <= now {
            scheduleNext(at: Int64(nextArrival))
            nextArrival += (stream.arrivals == .even ? 1 : Self.exponential(&random)) / rate * 1e9
        }
        guard isScheduling else { return finishIfOver() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(max(Int64(nextArrival) - WallClock.now(), 0))) { bound.value.tick() }
    }

    private func scheduleNext(at time: Int64) {
        guard isScheduling else { return }
        if let messages = share.messages, scheduledCount >= messages { return endScheduling() }
        if let end = share.end, time >= end { return endScheduling() }
        scheduledCount += 1
        if let connection = takeIdle() {
            send(time, over: connection, waited: false)
        } else {
            due.append(time)
            openMore()
        }
    }

    private func endScheduling() {
        isScheduling = false
        finishIfOver()
    }

    private static func exponential(_ random: inout SplitMix64) -> Double {
        // 1 − u is never 0.
        -Logarithm.natural(1 - random.nextUnit())
    }

    // MARK: - Connections

    private func takeIdle() -> (any LoadConnection)? {
        while let connection = idle.popLast() {
            if connection.isUsable { return connection }
            connections -= 1
            connection.close()
        }
        return nil
    }

    private func openMore() {
        guard opening < min(Self.openingAtOnce, due.count), connections + opening < share.concurrency, !isDone else { return }
        opening += 1
        let bound = NIOLoopBound(self, eventLoop: loop)
        open().assumeIsolated().whenComplete { result in
            let driver = bound.value
            driver.opening -= 1
            switch result {
            case .success(let connection):
                driver.connections += 1
                driver.failingSince = nil
                driver.use(connection)
            case .failure:
                driver.connectFailed()
            }
        }
    }

    private func connectFailed() {
        let now = WallClock.now()
        let since = failingSince ?? now
        failingSince = since
        progress.connectFailed()
        guard now - since < Self.connectPatience else {
            finished.fail(
                LoadTestError(
                    .processFailed, "stream \"\(stream.name)\": the entrance has taken no connection for \(Self.connectPatience / 1_000_000_000) s"))
            isDone = true
            return
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: Self.retryDelay) {
            if !bound.value.due.isEmpty { bound.value.openMore() }
        }
    }

    /// A connection is free.
    private func use(_ connection: any LoadConnection) {
        guard connection.isUsable else {
            connections -= 1
            connection.close()
            if !due.isEmpty { openMore() }
            return finishIfOver()
        }
        guard let time = due.popFirst() else {
            idle.append(connection)
            return finishIfOver()
        }
        send(time, over: connection, waited: share.rate != nil)
        if !due.isEmpty { openMore() }
    }

    // MARK: - Calls

    private func send(_ time: Int64, over connection: any LoadConnection, waited: Bool) {
        let call = makeCall(time, waited: waited)
        let began = WallClock.now()
        // In a closed loop a call's time is when it can be made.
        let scheduled = share.rate == nil ? began : time
        inFlight += 1
        let bound = NIOLoopBound((self, connection), eventLoop: loop)
        connection.send(call).assumeIsolated().whenSuccess { answer in
            let (driver, connection) = bound.value
            driver.answered(call, answer, scheduled: scheduled, began: began)
            if driver.share.rate == nil { driver.scheduleAgain(after: connection) } else { driver.use(connection) }
        }
    }

    /// A closed loop's next call.
    private func scheduleAgain(after connection: any LoadConnection) {
        idle.append(connection)
        scheduleNext(at: WallClock.now())
        finishIfOver()
    }

    private func makeCall(_ time: Int64, waited: Bool) -> LoadCall {
        let sequence = progress.nextSequence()
        let kind = stream.kinds.isEmpty ? nil : Self.choose(stream.kinds, of: random.nextUnit())
        let prefix = kind.map { "\($0)-u" } ?? "u"
        var recipients: [String] = []
        recipients.reserveCapacity(stream.recipients)
        for index in 0..<stream.recipients { recipients.append("\(prefix)\(sequence).\(index)@\(picker.next(&random))") }
        accounts += 1
        return LoadCall(
            sequence: sequence, stream: number, scheduled: time, from: stream.from, recipients: recipients,
            size: Int(min(max(stream.size.sample(using: &random), 1), Double(50 << 20))),
            configurationSet: Self.chooseWeighted(stream.configurationSets, &random), account: keys[accounts % keys.count], waited: waited)
    }

    private func answered(_ call: LoadCall, _ answer: LoadAnswer, scheduled: Int64, began: Int64) {
        inFlight -= 1
        log.append(
            SentRecord(
                sequence: call.sequence, run: run, recipients: UInt16(clamping: call.recipients.count), outcome: answer.outcome, stream: number,
                scheduled: scheduled, began: began, answered: WallClock.now(), idHash: answer.idHash, octets: UInt32(clamping: answer.octets),
                code: answer.code, flags: call.waited ? .waitedForConnection : []))
        progress.answered(answer.outcome, late: began - scheduled > LoadProgress.lateNanoseconds)
    }

    private func finishIfOver() {
        guard !isScheduling, inFlight == 0, due.isEmpty, opening == 0, !isDone else { return }
        isDone = true
        for connection in idle { connection.close() }
        idle = []
        finished.succeed(())
    }

    /// The name whose stretch of 0…1 holds a value; nil beyond all of them.
    private static func choose(_ shares: [String: Double], of value: Double) -> String? {
        var sum = 0.0
        for (name, share) in shares.sorted(by: { $0.key < $1.key }) {
            sum += share
            if value < sum { return name }
        }
        return nil
    }

    private static func chooseWeighted(_ weights: [String: Double], _ random: inout SplitMix64) -> String? {
        guard !weights.isEmpty else { return nil }
        let sum = weights.values.reduce(0, +)
        return choose(weights.mapValues { $0 / sum }, of: random.nextUnit()) ?? weights.keys.sorted().last
    }
}
