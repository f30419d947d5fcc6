#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// The time of day.
package enum WallClock {
    /// Nanoseconds since 1970. Sink and generator are compared by it; they run on one machine.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Milliseconds since 1970.
    static func milliseconds() -> Int64 { now() / 1_000_000 }
}
