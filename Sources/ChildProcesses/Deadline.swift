import Synchronization

/// What did not happen in time.
package struct DeadlineExceeded: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Runs `body`, and cancels it when it takes longer than `limit`.
///
/// - Parameter what: what is waited for, for the error's text.
/// - Throws: ``DeadlineExceeded``, or what `body` throws.
package func within<Value: Sendable>(
    _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() ?? nil else {
            throw DeadlineExceeded(description: "\(what): not within \(limit)")
        }
        return value
    }
}

/// Asks until `condition` gives something, for state of other processes that nothing tells us of (files, the kernel's tables).
///
/// The condition decides, never the time that passed: a longer interval makes the test slower, not different.
///
/// - Throws: ``DeadlineExceeded``, or what `condition` throws.
package func eventually<Value: Sendable>(
    within limit: Duration, _ what: String, every interval: Duration = .milliseconds(20), _ condition: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
        if let value = try await condition() { return value }
        guard clock.now < end else { throw DeadlineExceeded(description: "\(what): not within \(limit)") }
        try await Task.sleep(for: interval)
    }
}
