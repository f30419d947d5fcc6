internal import ApusCore
internal import Synchronization

/// A client of one PostgreSQL database: a bounded pool of connections, made when they are needed and again when they break.
///
/// One thread of the client's own drives all connections through libpq; callers only `await`. A call whose task is cancelled ends at
/// once, and what the server was doing for it is cancelled too.
package final class PostgresClient: Sendable {
    package let configuration: PostgresConfiguration
    private let mailbox = PostgresMailbox()
    private let lastNumber = Atomic(0)
    private let counts = PostgresCounts()

    /// Starts the client's thread. Connections are made when the first call wants one.
    ///
    /// - Throws: ``PostgresError`` with ``PostgresError/Code/configuration``.
    package init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        self.configuration = configuration
        let parameters = try ConnectionParameters(configuration)
        let (mailbox, counts) = (self.mailbox, self.counts)
        guard mailbox.wake.descriptor >= 0 else { throw PostgresError(.configuration, "the system gives no descriptor for a PostgreSQL client") }
        let hasStarted = OwnedThread.start { PostgresLoop(configuration, parameters: parameters, mailbox: mailbox, counts: counts).run() }
        guard hasStarted else { throw PostgresError(.configuration, "the system gives no thread for a PostgreSQL client") }
    }

    /// How it does, as its thread last looked.
    package var status: PostgresStatus { self.counts.status }

    deinit { _ = self.mailbox.post(.close(nil)) }

    /// Runs statements on any connection, sent together, all or none: PostgreSQL takes them as one transaction.
    ///
    /// - Parameters:
    ///   - timeout: how long they may take together; nil for the configuration's.
    ///   - isRepeatable: whether they may be sent again when the connection breaks, since doing them twice is doing them once.
    /// - Returns: a result for each.
    /// - Throws: ``PostgresError`` of the first that failed; `CancellationError`.
    package func run(_ statements: [PostgresStatement], timeout: Duration? = nil, isRepeatable: Bool = false) async throws -> [PostgresResult] {
        let encoded = try statements.map(EncodedStatement.init)
        do {
            return try await self.results(of: .once(encoded), timeout: timeout)
        } catch let error as PostgresError where isRepeatable && error.code == .connectionLost {
            return try await self.results(of: .once(encoded), timeout: timeout)
        }
    }

    /// Runs one statement on any connection; see ``run(_:timeout:isRepeatable:)-(_,_,_)``.
    package func run(_ statement: PostgresStatement, timeout: Duration? = nil, isRepeatable: Bool = false) async throws -> PostgresResult {
        try await self.run([statement], timeout: timeout, isRepeatable: isRepeatable)[0]
    }

    /// Gives `body` a connection that nobody else uses meanwhile. A transaction that it leaves open is rolled back.
    package func withSession<Value: Sendable>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
        guard case .lease(let link) = try await self.answer(.lease, timeout: .zero) else {
            throw PostgresError(.unexpectedResult, "a lease was answered with results")
        }
        defer { _ = self.mailbox.post(.release(link: link, isSpoiled: false)) }
        return try await body(PostgresSession(client: self, link: link))
    }

    /// Listens on a channel, on a connection of its own that is made again whenever it breaks.
    ///
    /// - Parameter handler: called on the client's thread: it must be quick and must not wait for anything.
    package func subscribe(to channel: String, _ handler: @escaping @Sendable (PostgresSubscription.Event) -> Void) -> PostgresSubscription {
        let subscription = PostgresSubscription(channel: channel, mailbox: self.mailbox, handler: handler)
        _ = self.mailbox.post(.subscribe(subscription))
        return subscription
    }

    /// Refuses new calls, waits for statements under way up to their time limit, and ends all connections. Idempotent.
    package func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            if !self.mailbox.post(.close(continuation)) { continuation.resume() }
        }
    }

    func results(of work: PostgresCall.Work, timeout: Duration?) async throws -> [PostgresResult] {
        guard case .results(let results) = try await self.answer(work, timeout: timeout ?? self.configuration.statementTimeout) else {
            throw PostgresError(.unexpectedResult, "statements were answered with a lease")
        }
        return results
    }

    private func answer(_ work: PostgresCall.Work, timeout: Duration) async throws -> PostgresCall.Answer {
        let call = PostgresCall(number: self.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue, work: work, timeout: timeout)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                call.begin(continuation)
                if !self.mailbox.post(.call(call)) { call.finish(.failure(PostgresError.closed)) }
            }
        } onCancel: {
            // Before the call is posted too: the thread looks at the mark when it takes the call up.
            call.cancel()
            _ = self.mailbox.post(.cancel(call))
        }
    }
}
