#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A bounded queue between any number of callers, who never wait, and threads that sleep until there is something.
///
/// Owns a pthread mutex and condition. The lock is held for an append or a removal only.
///
/// Sendable because everything mutable is read and written under `mutex`.
final class WorkQueue<Element: Sendable>: @unchecked Sendable {
    enum Admission: Sendable {
        case accepted
        case full
        case closed
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let maximumCount: Int
    private let maximumCost: Int
    /// A ring: `head` is the oldest of `count` elements, the rest of the slots are nil.
    private var slots: [(element: Element, cost: Int)?] = Array(repeating: nil, count: 16)
    private var head = 0
    private var count = 0
    private var cost = 0
    private var isClosed = false

    /// - Parameters:
    ///   - maximumCount: how many elements may wait.
    ///   - maximumCost: how much they may cost together, in bytes. One element is always taken when none waits.
    init(maximumCount: Int, maximumCost: Int) {
        self.maximumCount = max(maximumCount, 1)
        self.maximumCost = maximumCost
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Adds an element and wakes one thread; never waits for room.
    func append(_ element: Element, cost elementCost: Int) -> Admission {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return .closed }
        guard count < maximumCount, count == 0 || cost + elementCost <= maximumCost else { return .full }
        if count == slots.count { grow() }
        slots[(head + count) % slots.count] = (element, elementCost)
        count += 1
        cost += elementCost
        pthread_cond_signal(condition)
        return .accepted
    }

    /// Takes the oldest element, sleeping until there is one; nil when the queue is closed and empty.
    func next() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while count == 0 {
            if isClosed { return nil }
            pthread_cond_wait(condition, mutex)
        }
        guard let slot = slots[head] else { return nil }
        slots[head] = nil
        head = (head + 1) % slots.count
        count -= 1
        cost -= slot.cost
        return slot.element
    }

    /// Takes no more; what waits is still handed out.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// How many elements wait now.
    var waitingCount: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return count
    }

    private func grow() {
        var larger: [(element: Element, cost: Int)?] = []
        larger.reserveCapacity(slots.count * 2)
        for offset in 0..<count { larger.append(slots[(head + offset) % slots.count]) }
        larger.append(contentsOf: repeatElement(nil, count: slots.count * 2 - count))
        slots = larger
        head = 0
    }
}
