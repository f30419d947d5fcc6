internal import Glibc

/// An open file, closed when the value goes.
///
/// Calls are repeated when a signal interrupts them, short writes are completed, and every failure is a ``DiskError``. All of them
/// block: they belong on threads that this process owns for the purpose.
struct DiskFile: ~Copyable, Sendable {
    /// The descriptor, for calls that this type does not wrap.
    let descriptor: Int32

    /// Takes over an open descriptor.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Opens a file; the descriptor is not inherited by child processes.
    ///
    /// - Parameters:
    ///   - path: what to open.
    ///   - flags: as for open(2).
    ///   - mode: of a file that this creates.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(DiskError) {
        let descriptor = Self.repeating { Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard descriptor >= 0 else { throw DiskError.last("open \(path)") }
        self.descriptor = Int32(descriptor)
    }

    deinit {
        _ = Glibc.close(self.descriptor)
    }

    /// Appends or writes all of `bytes` at the current position.
    ///
    /// - Throws: ``DiskError``; some of the bytes may then have been written.
    func write(_ bytes: borrowing RawSpan) throws(DiskError) {
        var written = 0
        while written < bytes.byteCount {
            let count = bytes.extracting(written..<bytes.byteCount).withUnsafeBytes { rest in
                Self.repeating { Glibc.write(self.descriptor, rest.baseAddress, rest.count) }
            }
            guard count > 0 else { throw DiskError.last("write") }
            written += count
        }
    }

    /// Reads at most `count` bytes at `offset`; fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        var failure: DiskError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let position = off_t(offset + initialized)
                let part = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...])
                let got = Self.repeating { pread(self.descriptor, part.baseAddress, part.count, position) }
                guard got >= 0 else {
                    failure = DiskError.last("read")
                    return
                }
                guard got > 0 else { return }
                initialized += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// The length in bytes.
    func size() throws(DiskError) -> Int {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw DiskError.last("stat") }
        return Int(status.st_size)
    }

    /// Cuts the file to `length` bytes and moves to its end.
    func truncate(to length: Int) throws(DiskError) {
        guard Self.repeating({ Int(ftruncate(self.descriptor, off_t(length))) }) == 0 else { throw DiskError.last("truncate") }
        guard lseek(self.descriptor, off_t(length), SEEK_SET) >= 0 else { throw DiskError.last("seek") }
    }

    /// Makes the file's contents, and its length, durable. For a directory: the names in it.
    func synchronize() throws(DiskError) {
        guard Self.repeating({ Int(fsync(self.descriptor)) }) == 0 else { throw DiskError.last("fsync") }
    }

    /// Makes the names in a directory durable.
    static func synchronizeDirectory(_ path: String) throws(DiskError) {
        try DiskFile(path, O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// All of a file's bytes.
    ///
    /// - Parameter limit: the most that is read; a longer file is an error.
    static func contents(of path: String, limit: Int) throws(DiskError) -> [UInt8] {
        let file = try DiskFile(path, O_RDONLY)
        let size = try file.size()
        guard size <= limit else { throw DiskError(errno: EFBIG, operation: "read \(path)") }
        return try file.read(at: 0, count: size)
    }

    /// Replaces a file so that a crash leaves the old contents or the new, never a part, and the new ones are durable on return.
    static func replace(_ path: String, with bytes: [UInt8]) throws(DiskError) {
        let temporary = path + ".new"
        let file = try DiskFile(temporary, O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(bytes.span.bytes)
        try file.synchronize()
        guard Glibc.rename(temporary, path) == 0 else { throw DiskError.last("rename \(temporary)") }
        try Self.synchronizeDirectory(Self.parent(of: path))
    }

    /// Removes a file; one that does not exist is no error.
    static func remove(_ path: String) throws(DiskError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw DiskError.last("remove \(path)") }
    }

    /// The names in a directory, without `.` and `..`, sorted.
    static func names(in path: String) throws(DiskError) -> [String] {
        guard let directory = opendir(path) else { throw DiskError.last("open \(path)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a directory for this user alone; one that exists is no error.
    static func makeDirectory(_ path: String) throws(DiskError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DiskError.last("create \(path)") }
    }

    /// The path without its last component.
    static func parent(of path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    private static func repeating<Count: FixedWidthInteger>(_ call: () -> Count) -> Int {
        while true {
            let result = call()
            if result == -1, errno == EINTR { continue }
            return Int(result)
        }
    }
}
