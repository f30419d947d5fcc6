import Glibc
import NIOCore

/// An open file of the bus, closed when the last owner lets go of it.
///
/// Safe to share: every call names its position, and the descriptor lives as long as the object.
final class SegmentFile: Sendable {
    let descriptor: CInt

    /// Opens or creates a file with mode 0600.
    ///
    /// - Throws: ``PosixFailure``.
    init(path: String, create: Bool) throws {
        let flags = create ? O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDWR | O_CLOEXEC
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw PosixFailure("open") }
        self.descriptor = descriptor
    }

    deinit {
        close(self.descriptor)
    }

    /// The file's size in bytes.
    func size() throws -> Int {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw PosixFailure("fstat") }
        return Int(status.st_size)
    }

    /// Reserves blocks and sets the size, so that a full disk shows here and not in the middle of a group.
    func allocate(_ bytes: Int) throws {
        let result = posix_fallocate(self.descriptor, 0, off_t(bytes))
        guard result == 0 else { throw PosixFailure("posix_fallocate", code: result) }
    }

    /// Writes all of `bytes` at a position.
    func write(_ bytes: UnsafeRawBufferPointer, at position: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(self.descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(position + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw PosixFailure("pwrite")
            }
            // A regular file that takes nothing is full.
            guard count > 0 else { throw PosixFailure("pwrite", code: ENOSPC) }
            done += count
        }
    }

    /// Reads until `target` is full or the file ends.
    ///
    /// - Returns: the bytes read.
    func read(into target: UnsafeMutableRawBufferPointer, at position: Int) throws -> Int {
        var done = 0
        while done < target.count {
            let count = pread(self.descriptor, target.baseAddress! + done, target.count - done, off_t(position + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw PosixFailure("pread")
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads a part of the file into a new buffer, shorter where the file ends.
    func read(at position: Int, count: Int) throws -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
            try self.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]), at: position)
        }
        return buffer
    }

    /// Makes what was written durable.
    func synchronizeData() throws {
        guard fdatasync(self.descriptor) == 0 else { throw PosixFailure("fdatasync") }
    }
}
