/// Where a record of a ``SegmentedLog`` lies.
struct LogPosition: Hashable, Sendable {
    /// The segment's number.
    var segment: UInt32
    /// The first byte of the record's frame.
    var offset: UInt32
}
