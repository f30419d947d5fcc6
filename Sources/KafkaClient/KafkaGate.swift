import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Lets a thread of ours wait for a task to finish.
final class KafkaGate: Sendable {
    private struct Semaphore: @unchecked Sendable {
        // A POSIX semaphore is made for being shared between threads; it stays at its address until the last owner is gone.
        let pointer = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    }

    private let semaphore = Semaphore()

    init() {
        sem_init(self.semaphore.pointer, 0, 0)
    }

    deinit {
        sem_destroy(self.semaphore.pointer)
        self.semaphore.pointer.deallocate()
    }

    /// Lets the waiting thread through.
    func open() {
        sem_post(self.semaphore.pointer)
    }

    /// Forgets what was opened before.
    func drain() {
        while sem_trywait(self.semaphore.pointer) == 0 {}
    }

    /// Waits for ``open()``.
    ///
    /// - Returns: whether it came within the time.
    func wait(milliseconds: Int) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_nsec += milliseconds * 1_000_000
        deadline.tv_sec += deadline.tv_nsec / 1_000_000_000
        deadline.tv_nsec %= 1_000_000_000
        return sem_timedwait(self.semaphore.pointer, &deadline) == 0
    }
}
