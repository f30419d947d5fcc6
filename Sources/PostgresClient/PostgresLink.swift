internal import CPostgres

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// One connection, on the client's thread only.
///
/// It has one batch of statements under way at most, all sent before the first result comes, with a sync behind them:
/// ```
/// C: Parse  Bind Execute  Bind Execute  Sync
/// S: ParseComplete  BindComplete DataRow… CommandComplete  …  ReadyForQuery
/// ```
final class PostgresLink {
    /// Who waits for a batch.
    enum Purpose {
        /// A call; nil when it has gone: results are read to keep the order, and dropped.
        case call(PostgresCall?)
        /// The settings of a fresh session.
        case setUp
        /// ROLLBACK of what a lease left open.
        case reset
    }

    /// What was sent, in order.
    private enum Command {
        case prepare(String)
        case execute
    }

    /// Statements under way.
    struct Batch {
        var purpose: Purpose
        var deadline: ContinuousClock.Instant
        var results: [PostgresResult] = []
        var error: PostgresError?
        var isComplete = false
    }

    /// Above this many different statements, the rest is not prepared.
    private static let maximumPrepared = 256

    let number: Int
    let handle: PostgresHandle
    private(set) var batch: Batch?
    /// Whether bytes are left to be sent.
    private(set) var wantsToWrite = false
    /// Whether a request to cancel is on its way, until whose end nothing else may run here.
    var isCancelling = false
    /// Until when that may take.
    var cancelDeadline: ContinuousClock.Instant?
    /// Whether the lease is over while the last batch is still being read.
    var isReleased = false
    var isSpoiled = false
    /// Calls of the lease holder that wait for an abandoned batch to end.
    var queued: [PostgresCall] = []
    /// Of a subscription's connection.
    var subscription: PostgresSubscription?
    private var commands: [Command] = []
    private var nextCommand = 0
    private var prepared: [String: String] = [:]
    /// Names given by the batch under way; each counts when the server has said so.
    private var freshNames: [String: String] = [:]
    private var preparedCount = 0

    init(number: Int, handle: PostgresHandle) {
        self.number = number
        self.handle = handle
    }

    private var connection: OpaquePointer { self.handle.pointer }
    var descriptor: Int32 { PQsocket(self.connection) }
    /// When to stop waiting for the server.
    var deadline: ContinuousClock.Instant? { self.batch?.deadline ?? (self.isCancelling ? self.cancelDeadline : nil) }
    var isBusy: Bool { self.batch != nil || self.isCancelling }
    var isInTransaction: Bool { PQtransactionStatus(self.connection) != PQTRANS_IDLE }

    /// Ends the connection. The link is not used after.
    func finish() {
        PQfinish(self.connection)
    }

    /// Sends statements.
    ///
    /// - Returns: false when the connection is lost.
    func start(_ statements: [EncodedStatement], for purpose: Purpose, deadline: ContinuousClock.Instant, prepares: Bool) -> Bool {
        precondition(self.batch == nil, "one batch at a time")
        self.batch = Batch(purpose: purpose, deadline: deadline)
        self.commands = []
        self.nextCommand = 0
        self.freshNames = [:]
        for statement in statements {
            var name = self.prepared[statement.sql] ?? self.freshNames[statement.sql]
            if name == nil, prepares, statement.isPrepared, self.prepared.count + self.freshNames.count < Self.maximumPrepared {
                self.preparedCount += 1
                let new = "apus_\(self.preparedCount)"
                let status = statement.withTypes { PQsendPrepare(self.connection, new, statement.sql, statement.parameterCount, $0) }
                guard status == 1 else { return false }
                self.commands.append(.prepare(statement.sql))
                self.freshNames[statement.sql] = new
                name = new
            }
            let status = statement.withParameters { values, lengths, formats in
                if let name {
                    PQsendQueryPrepared(self.connection, name, statement.parameterCount, values, lengths, formats, 1)
                } else {
                    statement.withTypes {
                        PQsendQueryParams(self.connection, statement.sql, statement.parameterCount, $0, values, lengths, formats, 1)
                    }
                }
            }
            guard status == 1 else { return false }
            self.commands.append(.execute)
        }
        guard PQpipelineSync(self.connection) == 1 else { return false }
        return self.flush()
    }

    /// Sends what the socket takes.
    ///
    /// - Returns: false when the connection is lost.
    func flush() -> Bool {
        let status = PQflush(self.connection)
        self.wantsToWrite = status == 1
        return status >= 0
    }

    /// Reads what has come.
    ///
    /// - Returns: false when the connection is lost.
    func receive() -> Bool {
        guard PQconsumeInput(self.connection) == 1 else {
            // What came before the end may say why.
            self.readResults()
            return false
        }
        self.readResults()
        return PQstatus(self.connection) == CONNECTION_OK
    }

    /// The notifications that have come.
    func takeNotifications() -> [PostgresNotification] {
        var notifications: [PostgresNotification] = []
        while let notify = PQnotifies(self.connection) {
            notifications.append(
                PostgresNotification(channel: String(cString: notify.pointee.relname), payload: String(cString: notify.pointee.extra)))
            PQfreemem(notify)
        }
        return notifications
    }

    /// The batch, when all of it has come.
    func takeComplete() -> Batch? {
        guard let batch = self.batch, batch.isComplete else { return nil }
        self.batch = nil
        return batch
    }

    /// Lets go of a call whose task no longer waits.
    ///
    /// - Parameter deadline: until when the rest of its results may come.
    func abandon(until deadline: ContinuousClock.Instant) {
        self.cancelDeadline = deadline
        self.batch?.purpose = .call(nil)
        self.batch?.deadline = deadline
    }

    /// Takes the results that are there without blocking.
    private func readResults() {
        while let batch = self.batch, !batch.isComplete, PQisBusy(self.connection) == 0 {
            guard let result = PQgetResult(self.connection) else {
                // The end of one command; a lost connection gives only this.
                guard self.nextCommand < self.commands.count else { return }
                self.nextCommand += 1
                continue
            }
            self.read(result)
        }
    }

    private func read(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            self.batch?.isComplete = true
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            guard self.nextCommand < self.commands.count else { return PQclear(result) }
            if case .prepare(let sql) = self.commands[self.nextCommand] {
                self.prepared[sql] = self.freshNames[sql]
                PQclear(result)
            } else {
                self.batch?.results.append(PostgresResult(result))
            }
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        default:
            if self.batch?.error == nil { self.batch?.error = PostgresError(result: result) }
            PQclear(result)
        }
    }
}
