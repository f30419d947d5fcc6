import ApusCore

extension BusState {
    /// True when a finished segment holds nothing that is kept.
    var hasDead: Bool {
        self.segments.values.contains { $0.sealedAt != nil && $0.liveBytes == 0 }
    }

    /// Forgets the finished segments that hold nothing, and returns them.
    mutating func takeDead() -> [(UInt32, SegmentState)] {
        let dead = self.segments.filter { $0.value.sealedAt != nil && $0.value.liveBytes == 0 }
        for segment in dead.keys { self.segments[segment] = nil }
        return dead.sorted { $0.key < $1.key }
    }

    /// The finished segment with the fewest live bytes, if they are few enough to be moved.
    func mostlyDead(sealedBefore latest: UnixMilliseconds, limit: Int) -> UInt32? {
        self.segments
            .filter { _, segment in
                guard let sealedAt = segment.sealedAt, !segment.isDamaged else { return false }
                return sealedAt <= latest && segment.liveBytes > 0 && segment.liveBytes <= limit
            }
            .min { $0.value.liveBytes < $1.value.liveBytes }?.key
    }
}
