internal import DequeModule
internal import Synchronization

/// Something of which there is so much, such as memory for bodies that are fetched. Those for whom there is none left wait in their order, for a
/// while: unlike a caller at the entrance they cannot be refused, but they can be put away.
package final class PatientBudget: Sendable {
    private struct Waiter {
        var number: UInt64
        var amount: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var waiters: Deque<Waiter> = []
        var nextNumber: UInt64 = 0
        var isClosed = false
    }

    private let limit: Int
    private let state: Mutex<State>

    /// - Parameter amount: of all together.
    package init(amount: Int) {
        self.limit = max(amount, 1)
        self.state = Mutex(State(free: self.limit))
    }

    /// How many wait for room.
    package var waiting: Int { self.state.withLock { $0.waiters.count } }

    /// Waits for room. A single demand above the whole budget gets all of it.
    ///
    /// - Parameter patience: how long, at most.
    /// - Returns: false, having taken nothing, when there was none in time, or the budget was closed.
    package func take(_ amount: Int, within patience: Duration, clock: any DeliveryClock) async -> Bool {
        let amount = min(amount, self.limit)
        if self.takeNow(amount) { return true }
        return await Patience.wait(patience, clock: clock) { await self.wait(amount) }
    }

    private func takeNow(_ amount: Int) -> Bool {
        self.state.withLock { state in
            guard !state.isClosed, state.waiters.isEmpty, amount <= state.free else { return false }
            state.free -= amount
            return true
        }
    }

    /// Waits until there is room, the budget is closed, or the task is cancelled.
    private func wait(_ amount: Int) async -> Bool {
        let number = self.state.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = self.state.withLock { state in
                    if state.isClosed || Task.isCancelled { return false }
                    guard state.waiters.isEmpty, amount <= state.free else {
                        state.waiters.append(Waiter(number: number, amount: amount, continuation: continuation))
                        return nil
                    }
                    state.free -= amount
                    return true
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let (gone, admitted) = self.state.withLock { state -> (Waiter?, [Waiter]) in
                guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return (nil, []) }
                let gone = state.waiters.remove(at: index)
                // Behind a large demand there may be small ones that fit.
                return (gone, Self.admit(&state))
            }
            gone?.continuation.resume(returning: false)
            for waiter in admitted { waiter.continuation.resume(returning: true) }
        }
    }

    /// Gives back what ``take(_:within:clock:)`` gave for the same demand.
    package func giveBack(_ amount: Int) {
        let admitted = self.state.withLock { state in
            state.free += min(amount, self.limit)
            return Self.admit(&state)
        }
        for waiter in admitted { waiter.continuation.resume(returning: true) }
    }

    /// Turns away those who wait, and all who come.
    package func close() {
        let waiters = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: false) }
    }

    private static func admit(_ state: inout State) -> [Waiter] {
        var admitted: [Waiter] = []
        while let first = state.waiters.first, first.amount <= state.free {
            state.free -= first.amount
            admitted.append(state.waiters.removeFirst())
        }
        return admitted
    }
}
