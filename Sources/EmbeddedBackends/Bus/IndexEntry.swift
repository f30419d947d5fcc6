/// Where a kept record is: 24 bytes in memory for each.
struct IndexEntry: Hashable, Sendable {
    var offset: Int64
    var segment: UInt32
    var position: UInt32
    /// The whole frame, in bytes.
    var length: UInt32
    /// When it was appended, in whole seconds since 1970, for age limits.
    var seconds: UInt32
}
