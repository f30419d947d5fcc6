internal import CUnbound

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Wakes a thread that sleeps in `poll`: an eventfd, open from `init` to `deinit`.
///
/// Signals given before the thread looks are one signal.
struct WakeSignal: ~Copyable, Sendable {
    /// Readable while a signal is pending; negative when the system had no descriptor.
    let descriptor = apus_unbound_eventfd()

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Gives a signal, from any thread.
    func raise() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Takes a signal that was given to `descriptor`.
    static func take(from descriptor: Int32) {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
