internal import Glibc

/// The exclusive lock on a data folder: flock(2) on a file that holds the holder's process id.
///
/// The kernel lets go of it when the process ends, however it ends, so a lock is never stale. The file stays.
struct DataFolderLock: ~Copyable, Sendable {
    private let file: DiskFile

    /// Takes the lock.
    ///
    /// - Returns: nil when another holder has it.
    static func take(_ path: String) throws(DiskError) -> DataFolderLock? {
        let file = try DiskFile(path, O_RDWR | O_CREAT)
        guard try Self.lock(file.descriptor) else { return nil }
        try file.truncate(to: 0)
        try file.write(Array("\(getpid())\n".utf8).span.bytes)
        return DataFolderLock(file: file)
    }

    /// Whether somebody holds the lock, and who.
    ///
    /// - Returns: nil when it is free or there is no lock file.
    static func holder(_ path: String) throws(DiskError) -> (processID: Int32?, Void)? {
        let file: DiskFile
        do throws(DiskError) {
            file = try DiskFile(path, O_RDONLY)
        } catch {
            guard error.errno == ENOENT else { throw error }
            return nil
        }
        // A shared lock is refused while the exclusive one is held, and goes again when `file` does.
        if flock(file.descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        return (Self.processID(in: try file.read(at: 0, count: 32)), ())
    }

    private init(file: consuming DiskFile) {
        self.file = file
    }

    private static func lock(_ descriptor: Int32) throws(DiskError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw DiskError.last("lock")
            }
        }
        return true
    }

    private static func processID(in bytes: [UInt8]) -> Int32? {
        Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
