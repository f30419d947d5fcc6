package import ApusCore
internal import Backends
internal import Glibc
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Message bodies as files, in one folder per hour of expiry.
///
/// A body is written and synced, and its name is, before ``put(_:expiresAt:)`` returns; a crash before that leaves a file that nobody
/// refers to and that goes with its hour. All disk work is done on threads of the store's own.
package final class FileBodyStore: BodyStore {
    /// What the store can be told.
    package struct Configuration: Hashable, Sendable {
        /// The largest body, in bytes.
        package var maximumBodyBytes: Int
        /// The most bytes of bodies that are being written at once; above it, ``put(_:expiresAt:)`` fails.
        package var maximumPendingBytes: Int
        /// Threads for disk work.
        package var threads: Int

        package init(maximumBodyBytes: Int = 64 << 20, maximumPendingBytes: Int = 512 << 20, threads: Int = 4) {
            self.maximumBodyBytes = maximumBodyBytes
            self.maximumPendingBytes = maximumPendingBytes
            self.threads = threads
        }
    }

    private let folder: String
    private let configuration: Configuration
    private let threads: NIOThreadPool
    private let pendingBytes = Mutex(0)
    /// Buckets whose names are on the disk. That a bucket is there does not say so: another thread may have made it a moment ago.
    private let durableBuckets = Mutex<Set<String>>([])

    /// - Parameter folder: an existing folder that is the store's alone.
    package init(folder: String, configuration: Configuration = .init()) {
        self.folder = folder
        self.configuration = configuration
        self.threads = NIOThreadPool(numberOfThreads: max(configuration.threads, 1))
        self.threads.start()
    }

    package func put(_ body: ByteBuffer, expiresAt: UnixMilliseconds) async throws -> String {
        let count = body.readableBytes
        guard count <= self.configuration.maximumBodyBytes else {
            throw BodyError(.unavailable, "a body may have \(self.configuration.maximumBodyBytes) bytes")
        }
        let hasRoom = self.pendingBytes.withLock { pending in
            guard pending + count <= self.configuration.maximumPendingBytes else { return false }
            pending += count
            return true
        }
        guard hasRoom else { throw BodyError(.unavailable, "too many bodies are being written") }
        defer { self.pendingBytes.withLock { $0 -= count } }
        var generator = SystemRandomNumberGenerator()
        let random = generator.next()
        let hour = UInt32(clamping: expiresAt.rawValue / 3_600_000)
        return try await self.onThread("written") {
            try body.withUnsafeReadableBytes { bytes in
                let reference = BodyReference(expiryHour: hour, random: random, body: bytes)
                try self.write(bytes, reference)
                return reference.text
            }
        }
    }

    package func get(_ reference: String) async throws -> ByteBuffer {
        guard let reference = BodyReference(reference) else { throw BodyError(.notFound, "this is no body's reference") }
        return try await self.onThread("read") {
            let file: DiskFile
            do throws(DiskError) {
                file = try DiskFile(self.path(reference), O_RDONLY)
            } catch {
                guard error.errno == ENOENT else { throw error }
                throw BodyError(.notFound, "the body is unknown or expired")
            }
            let size = try file.size()
            guard size <= self.configuration.maximumBodyBytes else { throw BodyError(.corrupt, "a stored body is not what was put") }
            let bytes = try file.read(at: 0, count: size)
            guard bytes.withUnsafeBytes(reference.matches) else { throw BodyError(.corrupt, "a stored body is not what was put") }
            return ByteBuffer(bytes: bytes)
        }
    }

    @discardableResult
    package func reclaim(now: UnixMilliseconds) async throws -> Int {
        let hour = now.rawValue / 3_600_000
        return try await self.onThread("removed") {
            var count = 0
            for bucket in try DiskFile.names(in: self.folder) {
                guard let expiry = BodyReference.expiryHour(ofBucket: bucket), Int64(expiry) < hour else { continue }
                let path = "\(self.folder)/\(bucket)"
                _ = self.durableBuckets.withLock { $0.remove(bucket) }
                for name in try DiskFile.names(in: path) {
                    try DiskFile.remove("\(path)/\(name)")
                    count += 1
                }
                guard rmdir(path) == 0 || errno == ENOENT || errno == ENOTEMPTY else { throw DiskError.last("remove \(path)") }
            }
            return count
        }
    }

    /// Finishes what is under way and lets go of the threads. Idempotent.
    package func close() async {
        try? await self.threads.shutdownGracefully()
    }

    private func path(_ reference: BodyReference) -> String {
        "\(self.folder)/\(reference.bucket)/\(reference.text)"
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ reference: BodyReference) throws(DiskError) {
        let bucket = "\(self.folder)/\(reference.bucket)"
        if !self.durableBuckets.withLock({ $0.contains(reference.bucket) }) {
            if access(bucket, F_OK) != 0 { try DiskFile.makeDirectory(bucket) }
            try DiskFile.synchronizeDirectory(self.folder)
            _ = self.durableBuckets.withLock { $0.insert(reference.bucket) }
        }
        let path = self.path(reference)
        let file = try DiskFile(path, O_WRONLY | O_CREAT | O_EXCL)
        do throws(DiskError) {
            try file.write(bytes.bytes)
            try file.synchronize()
            try DiskFile.synchronizeDirectory(bucket)
        } catch {
            // Best effort: what stays goes with its hour.
            try? DiskFile.remove(path)
            throw error
        }
    }

    private func onThread<Value: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await self.threads.runIfActive(body)
        } catch let error as BodyError {
            throw error
        } catch is CancellationError where Task.isCancelled {
            throw CancellationError()
        } catch {
            // Where the task is not cancelled the threads are: the store is closed.
            throw BodyError(.unavailable, "a body cannot be \(what)", cause: error)
        }
    }
}
