/// What an operator asked for cannot be done with a dead letter.
package struct DeadLetterError: Error, CustomStringConvertible {
    /// What is wrong, and what to do.
    package let message: String

    init(_ message: String) {
        self.message = message
    }

    package var description: String { self.message }
}
