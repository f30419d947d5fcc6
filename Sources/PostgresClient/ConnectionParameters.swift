internal import CPostgres

/// A connection string as libpq takes it apart, with the defaults of this client, and its secrets.
struct ConnectionParameters: Sendable {
    let names: [String]
    let values: [String]
    private let secrets: [[UInt8]]

    /// - Throws: ``PostgresError`` with ``PostgresError/Code/configuration``. Its text is not libpq's, which quotes what it cannot read.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let unreadable = PostgresError(
            .configuration,
            "the PostgreSQL connection string cannot be read: write postgresql://user@host:port/database or host=… dbname=… user=…"
        )
        guard !configuration.connectionString.isEmpty, let options = PQconninfoParse(configuration.connectionString, nil) else { throw unreadable }
        defer { PQconninfoFree(options) }
        var given: [(name: String, value: String)] = []
        var secrets: [[UInt8]] = []
        var option = options
        while let name = option.pointee.keyword {
            if let value = option.pointee.val {
                given.append((String(cString: name), String(cString: value)))
                // libpq marks what must be typed blindly.
                if option.pointee.dispchar[0] == UInt8(ascii: "*") { secrets.append(Array(String(cString: value).utf8)) }
            }
            option += 1
        }
        let seconds = max(Int(configuration.connectTimeout.components.seconds), 2)
        // Later ones win: first what the string may change, then the string, then what it may not.
        let defaults: [(String, String)] = [
            ("fallback_application_name", "apus"), ("target_session_attrs", "read-write"), ("connect_timeout", "\(seconds)"),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "\(configuration.statementTimeout.components.seconds * 1_000 + 5_000)"),
        ].filter { name, _ in !given.contains { $0.name == name } }
        let all = defaults + given.filter { $0.name != "client_encoding" } + [("client_encoding", "UTF8")]
        self.names = all.map(\.0)
        self.values = all.map(\.1)
        self.secrets = secrets.filter { !$0.isEmpty }
    }

    /// A text of libpq's in one line, without the secrets.
    func redacted(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for secret in self.secrets {
            var index = 0
            while index + secret.count <= bytes.count {
                if bytes[index..<(index + secret.count)].elementsEqual(secret) {
                    bytes.replaceSubrange(index..<(index + secret.count), with: Array("(hidden)".utf8))
                    index += 8
                } else {
                    index += 1
                }
            }
        }
        let lines = bytes.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }).map { line in
            String(decoding: line.drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
        }
        return lines.joined(separator: "; ")
    }

    /// Calls `body` with the two arrays, each ended by a null pointer.
    func withArrays<Value>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Value
    ) -> Value {
        let bytes = (self.names + self.values).map { Array($0.utf8CString) }
        var arena = bytes.flatMap { $0 }
        return arena.withUnsafeMutableBufferPointer { arena in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for (index, text) in bytes.enumerated() {
                pointers.append(UnsafePointer(arena.baseAddress! + offset))
                offset += text.count
                if index == self.names.count - 1 { pointers.append(nil) }
            }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { body($0.baseAddress!, $0.baseAddress! + self.names.count + 1) }
        }
    }
}
