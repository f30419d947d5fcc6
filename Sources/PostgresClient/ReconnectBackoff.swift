/// How long to wait between tries to connect.
package struct ReconnectBackoff: Hashable, Sendable {
    package var initial: Duration
    package var maximum: Duration

    package init(initial: Duration, maximum: Duration) {
        self.initial = initial
        self.maximum = maximum
    }

    /// - Parameters:
    ///   - failures: how many there were in a row, at least 1.
    ///   - jitter: 0…1; takes up to half away.
    package func pause(failures: Int, jitter: Double) -> Duration {
        let doubled = self.initial * (1 << min(max(failures, 1) - 1, 16))
        return min(doubled, self.maximum) * (1 - jitter / 2)
    }
}
