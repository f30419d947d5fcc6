internal import Synchronization

/// A transaction: BEGIN goes out with its first statements and COMMIT can go with its last, so two exchanges can be enough.
package final class PostgresTransaction: Sendable {
    /// What a transaction sees of others that commit meanwhile.
    package enum Isolation: String, Hashable, Sendable {
        case readCommitted = "READ COMMITTED"
        case repeatableRead = "REPEATABLE READ"
        case serializable = "SERIALIZABLE"
    }

    private enum Phase {
        case new
        case open
        case ended
    }

    private let session: PostgresSession
    private let isolation: Isolation
    private let phase = Mutex(Phase.new)

    init(_ session: PostgresSession, _ isolation: Isolation) {
        self.session = session
        self.isolation = isolation
    }

    /// Runs statements, sent together.
    ///
    /// - Returns: a result for each.
    /// - Throws: ``PostgresError`` of the first that failed; the transaction cannot go on then.
    package func run(_ statements: [PostgresStatement], timeout: Duration? = nil) async throws -> [PostgresResult] {
        let begin = self.begin()
        return Array(try await self.session.run(begin + statements, timeout: timeout).dropFirst(begin.count))
    }

    /// Runs the last statements and commits, sent together.
    ///
    /// - Returns: a result for each statement.
    /// - Throws: ``PostgresError``; with ``PostgresError/Code/outcomeUnknown`` when it may be committed or not.
    @discardableResult
    package func commit(_ statements: [PostgresStatement] = [], timeout: Duration? = nil) async throws -> [PostgresResult] {
        let begin = self.begin()
        self.phase.withLock { $0 = .ended }
        do {
            let all = begin + statements + [PostgresStatement("COMMIT", isPrepared: false)]
            let results = try await self.session.run(all, timeout: timeout)
            // A transaction that failed before ends like this, without an error.
            guard results.last?.commandTag == "COMMIT" else {
                throw PostgresError(.server, "PostgreSQL rolled the transaction back: a statement of it had failed")
            }
            return Array(results.dropFirst(begin.count).dropLast())
        } catch let error as PostgresError where error.code == .connectionLost || error.code == .timeout {
            throw PostgresError(
                .outcomeUnknown, "the transaction may be committed or not: \(error.message)", sqlState: error.sqlState, cause: error)
        }
    }

    /// Commits what was begun and not ended.
    func finish() async throws {
        if self.phase.withLock({ $0 == .open }) { try await self.commit() }
    }

    private func begin() -> [PostgresStatement] {
        self.phase.withLock { phase in
            precondition(phase != .ended, "the transaction is over")
            defer { phase = .open }
            return phase == .new ? [PostgresStatement("BEGIN ISOLATION LEVEL \(self.isolation.rawValue)", isPrepared: false)] : []
        }
    }
}
