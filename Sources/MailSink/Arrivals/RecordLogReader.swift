#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// Reads a ``RecordLogWriter``'s file, while it grows too.
package struct RecordLogReader<Record: FixedRecord>: ~Copyable {
    private static var chunk: Int { 1 << 20 }

    private let path: String
    private let file: CInt
    private var offset: off_t = 0

    /// - Throws: ``MailSinkError`` when the file is not there.
    package init(path: String) throws(MailSinkError) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw MailSinkError(.invalidStore, "cannot read the record file \(path): \(String(cString: strerror(errno)))") }
    }

    deinit {
        _ = Glibc.close(file)
    }

    /// The next records, as many as one reading gives; none when there are no more for now.
    ///
    /// - Throws: ``MailSinkError`` for a file of another kind.
    package mutating func next() throws(MailSinkError) -> [Record] {
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, offset) }
            if count < 0, errno == EINTR { continue }
            guard count >= Record.size else { return [] }
            let whole = count - count % Record.size
            var start = 0
            if offset == 0 {
                let matches = Record.magic.withUTF8Buffer { magic in magic.elementsEqual(buffer.prefix(magic.count)) }
                guard matches else { throw MailSinkError(.invalidStore, "\(path) is not a record file of \(Record.self) or of another version") }
                start = Record.size
            }
            offset += off_t(whole)
            // The header alone is no news.
            if start == whole { continue }
            return buffer.withUnsafeBytes { bytes in
                stride(from: start, to: whole, by: Record.size).map {
                    Record(octets: UnsafeRawBufferPointer(rebasing: bytes[$0..<$0 + Record.size]))
                }
            }
        }
    }
}
