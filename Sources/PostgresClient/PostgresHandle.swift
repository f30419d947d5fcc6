internal import ApusCore
internal import CPostgres

/// A libpq connection on its way from the thread that made it to the one that uses it.
struct PostgresHandle: @unchecked Sendable {
    // One thread at a time has it: the connecting one gives it up with the event that carries it.
    let pointer: OpaquePointer

    /// Makes a connection, on the thread that calls. Looking up a name, which libpq does by itself and without a time limit, blocks.
    static func connect(_ parameters: ConnectionParameters) -> Result<PostgresHandle, PostgresError> {
        let made = parameters.withArrays { names, values in PQconnectdbParams(names, values, 0) }
        guard let made else { return .failure(PostgresError(.unreachable, "libpq has no memory for a connection")) }
        guard PQstatus(made) == CONNECTION_OK else {
            defer { PQfinish(made) }
            let reason = parameters.redacted(String(cString: PQerrorMessage(made)))
            return .failure(PostgresError(.unreachable, "no connection to PostgreSQL: \(reason)"))
        }
        // libpq prints notices to standard error otherwise.
        PQsetNoticeReceiver(made, { _, _ in }, nil)
        guard PQsetnonblocking(made, 1) == 0, PQenterPipelineMode(made) == 1 else {
            PQfinish(made)
            return .failure(PostgresError(.unreachable, "libpq refuses pipeline mode"))
        }
        return .success(PostgresHandle(pointer: made))
    }

    /// Asks the server, on a thread of its own, to cancel what runs on the connection.
    ///
    /// - Parameter done: called on that thread when the server has passed it on, or could not be reached.
    /// - Returns: false when it cannot be asked.
    func cancel(done: @escaping @Sendable () -> Void) -> Bool {
        struct Request: @unchecked Sendable {
            // Made here, used and freed on the other thread only.
            let pointer: OpaquePointer
        }
        guard let pointer = PQgetCancel(self.pointer) else { return false }
        let request = Request(pointer: pointer)
        let hasStarted = OwnedThread.start {
            var reason = [CChar](repeating: 0, count: 256)
            _ = PQcancel(request.pointer, &reason, Int32(reason.count))
            PQfreeCancel(request.pointer)
            done()
        }
        if !hasStarted { PQfreeCancel(pointer) }
        return hasStarted
    }
}
