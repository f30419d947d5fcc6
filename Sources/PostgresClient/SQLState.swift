/// The five characters by which PostgreSQL names what went wrong (its manual, appendix A).
package struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package static let featureNotSupported = SQLState("0A000")
    package static let uniqueViolation = SQLState("23505")
    package static let readOnlyTransaction = SQLState("25006")
    package static let idleInTransactionTimeout = SQLState("25P03")
    package static let invalidStatementName = SQLState("26000")
    package static let serializationFailure = SQLState("40001")
    package static let deadlockDetected = SQLState("40P01")
    package static let insufficientPrivilege = SQLState("42501")
    package static let undefinedTable = SQLState("42P01")
    package static let tooManyConnections = SQLState("53300")
    package static let lockNotAvailable = SQLState("55P03")
    /// A statement was ended, by its time limit or on request.
    package static let queryCanceled = SQLState("57014")
    package static let adminShutdown = SQLState("57P01")
    package static let crashShutdown = SQLState("57P02")
    package static let cannotConnectNow = SQLState("57P03")

    /// The first two characters: the kind of error.
    package var category: String { String(self.rawValue.prefix(2)) }

    package var description: String { self.rawValue }

    /// Another try of the whole transaction may well succeed.
    package var isTransactionConflict: Bool { self == .serializationFailure || self == .deadlockDetected }

    /// The server ends the session.
    var endsSession: Bool {
        [.adminShutdown, .crashShutdown, .cannotConnectNow, .idleInTransactionTimeout].contains(self) || self.category == "08"
    }

    /// The session should not be used again: it is on a server that became a standby, or its prepared statements are not what we think.
    var spoilsSession: Bool {
        self.endsSession || [.readOnlyTransaction, .invalidStatementName, .featureNotSupported].contains(self)
    }

    /// The server's words name data of the statement (a value, a key), which must not reach a log.
    var mayQuoteData: Bool { ["21", "22", "23", "44", "P0"].contains(self.category) }
}
