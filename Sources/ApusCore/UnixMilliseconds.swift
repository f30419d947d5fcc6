/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// One integer, so that it costs nothing to store in records, to compare and to write as text.
package struct UnixMilliseconds: Hashable, Comparable, Sendable {
    /// Milliseconds since the Unix epoch.
    package var rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Whole seconds since the Unix epoch, rounded down.
    package var seconds: Int64 {
        self.rawValue / 1000 - (self.rawValue % 1000 < 0 ? 1 : 0)
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.rawValue < rhs.rawValue
    }

    /// The instant `duration` after `instant`, clamped at the ends of the range.
    package static func + (instant: Self, duration: Duration) -> Self {
        let (sum, overflow) = instant.rawValue.addingReportingOverflow(duration.milliseconds)
        return Self(overflow ? (duration < .zero ? Int64.min : Int64.max) : sum)
    }

    /// The time from `earlier` to `later`; negative when they are the other way round. Clamped at the ends of the range.
    package static func - (later: Self, earlier: Self) -> Duration {
        let (difference, overflow) = later.rawValue.subtractingReportingOverflow(earlier.rawValue)
        return .milliseconds(overflow ? (later < earlier ? Int64.min : Int64.max) : difference)
    }
}
