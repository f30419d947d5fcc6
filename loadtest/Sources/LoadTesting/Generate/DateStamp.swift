import MailMessage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// The time of day, in nanoseconds.
package enum WallClock {
    /// Nanoseconds since 1970. Sink and generator are compared by it; they run on one machine.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The value of a `Date` field, written once a second.
struct DateStamp {
    private var second: Int64 = .min
    private var text: [UInt8] = []

    mutating func value(at nanoseconds: Int64) -> [UInt8] {
        let now = nanoseconds / 1_000_000_000
        if now != second {
            second = now
            text = Array(InternetDate.rfc5322(unixMilliseconds: now * 1_000).utf8)
        }
        return text
    }
}
