internal import Glibc

/// The clocks that the engine goes by.
package struct RedisClocks: Sendable {
    /// Microseconds for the scripts instead of the server's own clock, for tests; 0 is the server's.
    package var scripts: @Sendable () -> Int64
    /// Microseconds of a clock of this process that never steps: for tokens that it holds.
    package var local: @Sendable () -> Int64

    package init(scripts: @escaping @Sendable () -> Int64, local: @escaping @Sendable () -> Int64) {
        self.scripts = scripts
        self.local = local
    }

    /// The server's clock, and this system's monotonic one.
    package static let system = RedisClocks(
        scripts: { 0 },
        local: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        })
}
