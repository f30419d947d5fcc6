/// How long to wait between tries to connect.
struct ReconnectBackoff: Hashable, Sendable {
    var initial: Duration
    var maximum: Duration

    /// - Parameters:
    ///   - failures: how many there were in a row, at least 1.
    ///   - jitter: 0…1; takes up to half away.
    func pause(failures: Int, jitter: Double) -> Duration {
        let doubled = self.initial * (1 << min(max(failures, 1) - 1, 16))
        return min(doubled, self.maximum) * (1 - jitter / 2)
    }
}
