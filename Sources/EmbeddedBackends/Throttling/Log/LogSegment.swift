internal import Glibc

/// One file of a ``SegmentedLog``, open for appending.
final class LogSegment: Sendable {
    let number: UInt32
    let path: String
    let file: DiskFile

    /// Opens a segment, creating it when it does not exist.
    init(number: UInt32, path: String) throws(DiskError) {
        self.number = number
        self.path = path
        self.file = try DiskFile(path, O_RDWR | O_CREAT | O_APPEND)
    }
}
