internal import CPostgres

extension PostgresError {
    /// The error that a result tells of.
    init(result: OpaquePointer) {
        func field(_ code: Int32) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        let state = field(Int32(UInt8(ascii: "C"))).map { SQLState($0) }
        guard let state else {
            // libpq's own words, which are about the connection.
            self.init(.connectionLost, "the connection to PostgreSQL broke while a statement was under way")
            return
        }
        var message = "PostgreSQL refuses a statement"
        if state.mayQuoteData {
            if let constraint = field(Int32(UInt8(ascii: "n"))) { message += ": constraint \(constraint)" }
        } else if let primary = field(Int32(UInt8(ascii: "M"))) {
            message += ": \(primary)"
        }
        self.init(state.endsSession ? .connectionLost : .server, message, sqlState: state)
    }
}
