internal import CPostgres

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Wakes a thread that sleeps in `poll`: an eventfd, open from `init` to `deinit`.
///
/// Signals given before the thread looks are one signal.
struct WakeSignal: ~Copyable, Sendable {
    /// Readable while a signal is pending; negative when the system had no descriptor.
    let descriptor = apus_postgres_eventfd()

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    /// Gives a signal, from any thread.
    func raise() {
        var one: UInt64 = 1
        _ = write(self.descriptor, &one, 8)
    }

    /// Takes a signal.
    func take() {
        var count: UInt64 = 0
        _ = read(self.descriptor, &count, 8)
    }
}
