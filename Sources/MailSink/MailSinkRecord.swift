import NIOCore
import Synchronization

/// Everything that the loops of a sink share: counters, kept messages, and those who wait for them.
final class MailSinkRecord: Sendable {
    private struct Waiter {
        var isMet: @Sendable (MailSinkStatistics) -> Bool
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var statistics = MailSinkStatistics()
        var copies: [String: Int] = [:]
        var kept: [MailSinkMessage] = []
        var keptOctets = 0
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())
    private let sequence = Atomic<Int>(0)
    private let replies = Atomic<UInt64>(0)
    private let keptMessages: Int
    private let maximumKeptOctets: Int
    private let maximumIDs: Int
    let arrivals: RecordLogWriter<Arrival>?
    let sabotage: SabotageCounter?

    /// - Parameter sabotage: counts messages together with other sinks.
    init(configuration: MailSinkConfiguration, sabotage: SabotageCounter? = nil) {
        keptMessages = configuration.keptMessages
        maximumKeptOctets = configuration.keptOctets
        maximumIDs = configuration.countsCopies ? configuration.countedIDs : 0
        arrivals = configuration.arrivals
        self.sabotage = sabotage ?? configuration.sabotage.map(SabotageCounter.init)
    }

    /// For replies that name a queue id: different each time.
    func nextReplyID() -> UInt64 { replies.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue }

    func nextSequence() -> Int { sequence.wrappingAdd(1, ordering: .relaxed).newValue }

    var statistics: MailSinkStatistics { state.withLock { $0.statistics } }
    var copies: [String: Int] { state.withLock { $0.copies } }
    var messages: [MailSinkMessage] { state.withLock { $0.kept } }

    func connectionOpened() {
        update {
            $0.statistics.connections += 1
            $0.statistics.openConnections += 1
        }
    }

    func connectionClosed(wasEncrypted: Bool) {
        update {
            $0.statistics.openConnections -= 1
            if wasEncrypted { $0.statistics.encryptedConnections += 1 }
        }
    }

    func messageRefused() {
        update { $0.statistics.refusedMessages += 1 }
    }

    func ruleActed(_ name: String) {
        update { $0.statistics.rules[name, default: 0] += 1 }
    }

    func limitReached(_ name: String) {
        update { $0.statistics.limits[name, default: 0] += 1 }
    }

    func messageAccepted(recipients: Int, octets: Int, id: String?, message: MailSinkMessage?) {
        update { state in
            state.statistics.messages += 1
            state.statistics.recipients += recipients
            state.statistics.octets += octets
            if maximumIDs > 0 { count(id, in: &state) }
            if let message { keep(message, in: &state) }
        }
    }

    private func count(_ id: String?, in state: inout State) {
        guard let id else {
            state.statistics.uncountedMessages += 1
            return
        }
        if state.copies[id] != nil {
            state.copies[id, default: 0] += 1
            state.statistics.duplicateMessages += 1
        } else if state.copies.count < maximumIDs {
            state.copies[id] = 1
            state.statistics.distinctIDs += 1
        } else {
            state.statistics.uncountedMessages += 1
        }
    }

    private func keep(_ message: MailSinkMessage, in state: inout State) {
        state.kept.append(message)
        state.keptOctets += message.content.readableBytes
        while state.kept.count > keptMessages || (state.keptOctets > maximumKeptOctets && !state.kept.isEmpty) {
            state.keptOctets -= state.kept.removeFirst().content.readableBytes
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let met = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            change(&state)
            guard !state.waiters.isEmpty else { return [] }
            var met: [CheckedContinuation<Bool, Never>] = []
            for (key, waiter) in state.waiters where waiter.isMet(state.statistics) {
                met.append(waiter.continuation)
                state.waiters[key] = nil
            }
            return met
        }
        for continuation in met { continuation.resume(returning: true) }
    }

    /// Waits until the statistics satisfy a condition.
    ///
    /// - Returns: false when the task was cancelled before.
    func wait(until isMet: @escaping @Sendable (MailSinkStatistics) -> Bool) async -> Bool {
        let key = state.withLock { state -> Int in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Bool? in
                    if isMet(state.statistics) { return true }
                    if Task.isCancelled { return false }
                    state.waiters[key] = Waiter(isMet: isMet, continuation: continuation)
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: key) }
            waiter?.continuation.resume(returning: false)
        }
    }
}
