package import ApusCore
import Glibc

/// How the embedded bus uses its disk.
package struct SegmentBusConfiguration: Sendable {
    /// The size of a segment file, in bytes; 64 KiB to 1 GiB.
    package var segmentBytes = 64 << 20
    /// The most that key and value of one record may take, in bytes; at most a quarter of a segment.
    package var maximumRecordBytes = 8 << 20
    /// The most that one write and sync covers, in bytes.
    package var maximumGroupBytes = 8 << 20
    /// The most that all segments together may take, in bytes; above it producing fails with ``BusError/Code/unavailable``. nil: the
    /// disk decides.
    package var maximumBytes: Int64?
    /// Segments kept ready, their blocks written once, so that a sync has data to write and nothing else.
    package var spareSegments = 2
    /// How long a finished segment is left alone before its last live records are moved out of it.
    package var compactionDelay = Duration.seconds(30)
    /// How fast live records are moved, in bytes a second.
    package var compactionBytesPerSecond = 32 << 20
    /// How often age limits are looked at.
    package var maintenanceInterval = Duration.seconds(5)
    /// Threads that read the disk for consumers.
    package var readerThreads = 2
    /// Off, an acknowledgement waits for the write but not for the sync, and a power failure loses acknowledged records. For the test
    /// that shows that the durability test can fail, and for nothing else.
    package var syncOnAcknowledge = true
    /// How a hot segment's data is made durable: given the descriptor, 0 or -1 with `errno` set. Tests put delays and failures here.
    package var synchronizeData: @Sendable (CInt) -> CInt = { fdatasync($0) }
    /// The clock for `appendedAt` and age limits.
    package var now: @Sendable () -> UnixMilliseconds = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package init() {}

    /// What is kept free at a segment's end for commits: while the disk is full, commits must go on, for they are what frees it.
    var commitReserve: Int { max(self.segmentBytes / 64, 8 << 10) }
}
