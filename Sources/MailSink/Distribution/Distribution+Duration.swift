extension Distribution where Unit == Milliseconds {
    /// No drawn time is longer: a day.
    package static var longest: Double { 86_400_000 }

    /// Draws a time, of a day at most.
    package func duration(using random: inout SplitMix64) -> Duration {
        Self.duration(sample(using: &random))
    }

    /// The time, when it is always the same.
    package var fixedDuration: Duration? { fixed.map(Self.duration) }

    private static func duration(_ milliseconds: Double) -> Duration {
        .microseconds(Int64(min(milliseconds, longest) * 1_000))
    }
}
