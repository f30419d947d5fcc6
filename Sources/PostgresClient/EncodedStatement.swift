internal import CPostgres

/// A statement with its parameters laid out as libpq takes them.
struct EncodedStatement: Sendable {
    /// PostgreSQL's fixed numbers of its built-in types.
    private enum TypeID {
        static let boolean: Oid = 16
        static let bytes: Oid = 17
        static let integer: Oid = 20
        static let bytesArray: Oid = 1001
        static let integerArray: Oid = 1016
    }

    let sql: String
    let isPrepared: Bool
    private var arena: [UInt8] = []
    /// Where each value begins; nil for null.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private var types: [Oid] = []

    /// - Throws: ``PostgresError`` with ``PostgresError/Code/configuration`` for text with a NUL and for too many parameters.
    init(_ statement: PostgresStatement) throws(PostgresError) {
        self.sql = statement.sql
        self.isPrepared = statement.isPrepared
        guard statement.parameters.count <= Int(PQ_QUERY_PARAM_MAX_LIMIT) else {
            throw PostgresError(.configuration, "a statement may have \(PQ_QUERY_PARAM_MAX_LIMIT) parameters")
        }
        for parameter in statement.parameters { try self.append(parameter) }
    }

    var byteCount: Int { self.arena.count + self.sql.utf8.count }
    var parameterCount: Int32 { Int32(self.offsets.count) }

    func withTypes<Value>(_ body: (UnsafePointer<Oid>?) -> Value) -> Value {
        self.types.withUnsafeBufferPointer { body($0.baseAddress) }
    }

    /// Calls `body` with values, lengths and formats.
    func withParameters<Value>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Value
    ) -> Value {
        // A byte behind the last value, so that an empty one has an address too.
        self.arena.withUnsafeBytes { arena in
            let base = arena.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = self.offsets.map { offset in offset.flatMap { base.map { $0 }?.advanced(by: $0) } }
            return values.withUnsafeBufferPointer { values in
                self.lengths.withUnsafeBufferPointer { lengths in
                    self.formats.withUnsafeBufferPointer { formats in
                        body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }

    private mutating func append(_ value: PostgresValue) throws(PostgresError) {
        let start = self.arena.count
        var isText = false
        switch value {
        case .null:
            self.offsets.append(nil)
            self.lengths.append(0)
            self.formats.append(1)
            self.types.append(0)
            return
        case .bytes(let bytes):
            self.arena += bytes
            self.types.append(TypeID.bytes)
        case .text(let text):
            guard !text.utf8.contains(0) else {
                throw PostgresError(.configuration, "a text parameter holds a NUL, which PostgreSQL's text cannot: pass it as bytes")
            }
            self.arena += text.utf8
            isText = true
            self.types.append(0)
        case .integer(let integer):
            self.put(integer)
            self.types.append(TypeID.integer)
        case .boolean(let boolean):
            self.arena.append(boolean ? 1 : 0)
            self.types.append(TypeID.boolean)
        case .bytesArray(let elements):
            self.putArrayHeader(count: elements.count, element: TypeID.bytes)
            for element in elements {
                self.put(Int32(element.count))
                self.arena += element
            }
            self.types.append(TypeID.bytesArray)
        case .integerArray(let elements):
            self.putArrayHeader(count: elements.count, element: TypeID.integer)
            for element in elements {
                self.put(Int32(8))
                self.put(element)
            }
            self.types.append(TypeID.integerArray)
        }
        self.offsets.append(start)
        self.lengths.append(Int32(self.arena.count - start))
        self.formats.append(isText ? 0 : 1)
        // Ends a text; behind a binary value it makes sure of an address.
        self.arena.append(0)
    }

    private mutating func put(_ integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.bigEndian) { self.arena += $0 }
    }

    private mutating func putArrayHeader(count: Int, element: Oid) {
        self.put(Int32(count == 0 ? 0 : 1))
        self.put(Int32(0))
        self.put(element)
        guard count > 0 else { return }
        self.put(Int32(count))
        self.put(Int32(1))
    }
}
