internal import CPostgres

/// What a statement gave: rows in PostgreSQL's binary form, read where libpq put them.
package final class PostgresResult: Sendable {
    private struct Handle: @unchecked Sendable {
        // A PGresult is only read after libpq has given it out, which any thread may do, and freed once, by the last owner.
        let pointer: OpaquePointer
    }

    private let handle: Handle
    package let rowCount: Int
    package let columnCount: Int

    /// Takes over a result.
    init(_ pointer: OpaquePointer) {
        self.handle = Handle(pointer: pointer)
        self.rowCount = Int(PQntuples(pointer))
        self.columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(self.handle.pointer) }

    /// The command as the server names it after the fact: `INSERT 0 1`, `COMMIT`, `ROLLBACK`.
    package var commandTag: String { String(cString: PQcmdStatus(self.handle.pointer)) }

    /// How many rows were written; 0 for other statements.
    package var affectedRows: Int { Int(String(cString: PQcmdTuples(self.handle.pointer))) ?? 0 }

    /// Whether a cell is null.
    package func isNull(_ row: Int, _ column: Int) -> Bool {
        self.check(row, column)
        return PQgetisnull(self.handle.pointer, Int32(row), Int32(column)) != 0
    }

    /// A `bytea`, or the bytes of a text.
    ///
    /// - Throws: ``PostgresError`` when it is null.
    package func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
        try self.cell(row, column, Array.init)
    }

    /// Gives the bytes of a cell to `body`, in place.
    ///
    /// - Throws: ``PostgresError`` when it is null.
    package func withBytes<Value>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> Value) throws(PostgresError) -> Value {
        try self.cell(row, column, body)
    }

    /// A `smallint`, `integer` or `bigint`.
    ///
    /// - Throws: ``PostgresError`` when it is null or has another width.
    package func integer(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
        let value: Int64? = try self.cell(row, column) { bytes in
            switch bytes.count {
            case 2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
            case 4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
            case 8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            default: nil
            }
        }
        guard let value else { throw PostgresError(.unexpectedResult, "column \(column) is no integer") }
        return value
    }

    /// A text.
    ///
    /// - Throws: ``PostgresError`` when it is null.
    package func text(_ row: Int, _ column: Int) throws(PostgresError) -> String {
        try self.cell(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    /// A `boolean`.
    ///
    /// - Throws: ``PostgresError`` when it is null or something else.
    package func boolean(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
        let value: Bool? = try self.cell(row, column) { $0.count == 1 ? $0[0] != 0 : nil }
        guard let value else { throw PostgresError(.unexpectedResult, "column \(column) is no boolean") }
        return value
    }

    private func cell<Value>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> Value) throws(PostgresError) -> Value {
        guard !self.isNull(row, column) else { throw PostgresError(.unexpectedResult, "column \(column) is null") }
        let start = PQgetvalue(self.handle.pointer, Int32(row), Int32(column))
        let count = PQgetlength(self.handle.pointer, Int32(row), Int32(column))
        return body(UnsafeRawBufferPointer(start: start, count: Int(count)))
    }

    /// libpq prints a warning for a cell that is not there, and reads on.
    private func check(_ row: Int, _ column: Int) {
        precondition((0..<self.rowCount).contains(row) && (0..<self.columnCount).contains(column), "no such cell")
    }
}
