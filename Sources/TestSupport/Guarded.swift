import Synchronization

/// A value that several tasks of a test change: a `Mutex` that closures can share.
package final class Guarded<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    package init(_ value: Value) {
        self.value = Mutex(value)
    }

    /// Reads or changes the value.
    package func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        self.value.withLock { value in body(&value) }
    }
}
