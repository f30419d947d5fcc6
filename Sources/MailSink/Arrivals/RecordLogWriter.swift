import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// Appends records to a file: a header of 64 octets, then records of 64 octets. Records are gathered and written together; a reader sees whole records
/// only, though not always the latest.
package final class RecordLogWriter<Record: FixedRecord>: Sendable {
    private struct State {
        var gathered: [UInt8] = []
        var failed = false
    }

    /// What is gathered before it is written without being asked.
    private static var block: Int { 256 << 10 }

    private let file: CInt
    private let state: Mutex<State>

    /// Makes the file, in place of one that is there.
    ///
    /// - Throws: ``MailSinkError`` when that is not possible.
    package init(path: String) throws(MailSinkError) {
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw MailSinkError(.invalidStore, "cannot make the record file \(path): \(String(cString: strerror(errno)))") }
        var header = [UInt8](repeating: 0, count: Record.size)
        Record.magic.withUTF8Buffer { magic in for (offset, byte) in magic.prefix(8).enumerated() { header[offset] = byte } }
        state = Mutex(State(gathered: header))
    }

    deinit {
        _ = Glibc.close(file)
    }

    /// Adds a record.
    package func append(_ record: Record) {
        let block = state.withLock { state -> [UInt8] in
            let start = state.gathered.count
            state.gathered.append(contentsOf: repeatElement(0, count: Record.size))
            state.gathered.withUnsafeMutableBytes { record.write(to: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
            guard state.gathered.count >= Self.block else { return [] }
            return Self.take(&state)
        }
        // Two blocks may change places; records say their time themselves.
        write(block)
    }

    /// Writes what was gathered.
    package func flush() {
        write(state.withLock { Self.take(&$0) })
    }

    /// Whether everything so far reached the file.
    package var isIntact: Bool { state.withLock { !$0.failed } }

    private static func take(_ state: inout State) -> [UInt8] {
        let block = state.gathered
        state.gathered = []
        state.gathered.reserveCapacity(Self.block + Record.size)
        return block
    }

    /// One call a block: O_APPEND keeps the blocks of several threads whole.
    private func write(_ block: [UInt8]) {
        guard !block.isEmpty else { return }
        var rest = block[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return state.withLock { $0.failed = true }
            }
            rest = rest.dropFirst(count)
        }
    }
}
