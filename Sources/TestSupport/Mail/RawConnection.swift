import ChildProcesses
import ApusCore
import Glibc
import Synchronization

/// A TCP connection for what no HTTP client would send. Its blocking calls run on a thread of their own.
package final class RawConnection: Sendable {
    private let descriptor: Int32

    /// Connects to `127.0.0.1:PORT`.
    package init(to address: String) async throws {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            throw ChildFailure("no address: \(address)")
        }
        self.descriptor = try await Self.onThread {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { throw ChildFailure("no socket: error \(errno)") }
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = port.bigEndian
            inet_pton(AF_INET, "127.0.0.1", &target.sin_addr)
            let status = withUnsafePointer(to: &target) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            guard status == 0 else {
                close(descriptor)
                throw ChildFailure("no connection: error \(errno)")
            }
            // A server that never answers must not hold the thread for ever.
            var limit = timeval(tv_sec: 60, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            return descriptor
        }
    }

    deinit { close(self.descriptor) }

    /// Writes all of `bytes`; a connection that the other side has closed is no error, its answer may be there to read.
    package func write(_ bytes: [UInt8]) async throws {
        let descriptor = self.descriptor
        try await Self.onThread {
            var done = 0
            while done < bytes.count {
                let count = bytes[done...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                done += count
            }
        }
    }

    /// Reads until the other side closes.
    ///
    /// - Throws: ``ChildFailure`` when it does not within a minute.
    package func readToEnd() async throws -> [UInt8] {
        let descriptor = self.descriptor
        return try await Self.onThread {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { throw ChildFailure("the server has not closed the connection within a minute") }
                guard count > 0 else { return all }
                all += buffer[..<count]
            }
        }
    }

    /// Reads one answer without waiting for the other side to close.
    ///
    /// - Throws: ``ChildFailure`` when the connection ends before a whole answer, or none comes within a minute.
    package func readAnswer() async throws -> SESAnswer {
        let descriptor = self.descriptor
        return try await Self.onThread {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                if let answer = SESAnswer(wire: all) { return answer }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { throw ChildFailure("the server has not answered within a minute") }
                guard count > 0 else { throw ChildFailure("the connection ended without a whole answer, after \(all.count) bytes") }
                all += buffer[..<count]
            }
        }
    }

    private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let started = OwnedThread.start { continuation.resume(with: Result { try body() }) }
            if !started { continuation.resume(throwing: ChildFailure("no thread")) }
        }
    }
}
