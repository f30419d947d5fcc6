import ApusCore

/// What the bus knows of one segment file.
struct SegmentState: Sendable {
    let file: SegmentFile
    let kind: BusFolder.SegmentKind
    /// The bytes of the frames that are still kept.
    var liveBytes = 0
    /// The bytes that count; known once it is sealed.
    var length: UInt32 = 0
    /// When nothing more will be written to it; nil while it is.
    var sealedAt: UnixMilliseconds?
    /// Reads under way; a pinned file is not overwritten.
    var pins = 0
    /// Set when moving records out of it failed, so that it is not tried again and again.
    var isDamaged = false
}
