import ApusCore
import Glibc
import Synchronization

/// The lines that a child wrote to one of its outputs, read by a thread of its own.
package final class ChildLines: Sendable {
    private struct State {
        var lines: [String] = []
        /// How many lines went before `lines[0]`.
        var dropped = 0
        var partial: [UInt8] = []
        var isFinished = false
    }

    private let state = Mutex(State())
    private let limit: Int
    /// Raised with every read and at the end.
    package let changed = ChangeSignal()

    /// - Parameter limit: how many lines are kept, the last ones.
    init(limit: Int) {
        self.limit = limit
    }

    /// The lines that are kept.
    package var all: [String] { self.state.withLock { $0.lines } }
    /// Whether the child has closed its end.
    package var isFinished: Bool { self.state.withLock { $0.isFinished } }

    /// The lines from number `first` on (counted from 0 over the child's life), and the number after the last.
    package func lines(from first: Int) -> (lines: [String], next: Int) {
        self.state.withLock { state in
            (Array(state.lines.dropFirst(max(first - state.dropped, 0))), state.dropped + state.lines.count)
        }
    }

    /// Waits for the end of the output.
    package func untilFinished() async throws {
        try await self.changed.until { self.isFinished }
    }

    /// Reads `descriptor` to its end on a new thread, and closes it.
    func read(from descriptor: Int32) {
        let started = OwnedThread.start { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                self.take(buffer[..<count])
            }
            close(descriptor)
            self.state.withLock { state in
                if !state.partial.isEmpty { state.lines.append(String(decoding: state.partial, as: UTF8.self)) }
                state.partial = []
                state.isFinished = true
            }
            self.changed.raise()
        }
        precondition(started, "no thread for reading a child's output")
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        self.state.withLock { state in
            var rest = bytes
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.partial += rest[..<end]
                state.lines.append(String(decoding: state.partial, as: UTF8.self))
                state.partial.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            state.partial += rest
            let surplus = state.lines.count - self.limit
            if surplus > 0 {
                state.lines.removeFirst(surplus)
                state.dropped += surplus
            }
        }
        self.changed.raise()
    }
}
