import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// Writes messages to a folder: `<arrival in ms>-<sequence>.eml` with the content as received and, last, `<…>.json` with the envelope.
///
/// Both are written under a name that starts with a dot and then renamed, so whoever sees the JSON file can read all of both. Names sort by arrival, also over
/// several runs into the same folder.
final class MailSinkStore: Sendable {
    private let directory: String
    private let threads: NIOThreadPool
    private let ownsThreads: Bool

    /// - Parameter threads: running, and shared with other stores.
    /// - Throws: ``MailSinkError`` when the folder cannot be made or written.
    init(directory: String, threads shared: NIOThreadPool? = nil) throws {
        self.directory = directory
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw MailSinkError(.invalidStore, "cannot make the folder \(directory): \(String(cString: strerror(errno)))")
        }
        guard access(directory, W_OK | X_OK) == 0 else {
            throw MailSinkError(.invalidStore, "cannot write to the folder \(directory): \(String(cString: strerror(errno)))")
        }
        ownsThreads = shared == nil
        // Blocking calls stay off the event loops.
        threads = shared ?? NIOThreadPool(numberOfThreads: 2)
        if ownsThreads { threads.start() }
    }

    func close() async {
        if ownsThreads { try? await threads.shutdownGracefully() }
    }

    /// - Returns: fails when a file cannot be written; the message must not be accepted then.
    func write(_ message: MailSinkMessage, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        threads.runIfActive(eventLoop: eventLoop) { [directory] in
            let name = "\(Self.padded(Int(message.arrivedAt), 13))-\(Self.padded(message.sequence, 8))"
            try message.content.withUnsafeReadableBytes { try Self.write($0, directory: directory, name: name + ".eml") }
            let envelope = try MailSinkEnvelope(message, contentFile: name + ".eml").json
            try envelope.withUnsafeBytes { try Self.write($0, directory: directory, name: name + ".json") }
        }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, directory: String, name: String) throws {
        let temporary = "\(directory)/.\(name)"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw IOError(errnoCode: errno, reason: "open") }
        var written = 0
        while written < bytes.count {
            let count = systemWrite(file, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                let error = IOError(errnoCode: errno, reason: "write")
                systemClose(file)
                unlink(temporary)
                throw error
            }
            written += count
        }
        guard systemClose(file) == 0, rename(temporary, "\(directory)/\(name)") == 0 else {
            let error = IOError(errnoCode: errno, reason: "rename")
            unlink(temporary)
            throw error
        }
    }
}

/// The C functions, which methods of the same name would hide.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
@discardableResult
private func systemClose(_ file: Int32) -> Int32 { close(file) }
