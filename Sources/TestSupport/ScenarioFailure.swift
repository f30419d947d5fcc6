/// A scenario that failed, with what its processes said last.
package struct ScenarioFailure: Error, CustomStringConvertible {
    package let cause: any Error
    package let lastWords: String

    package var description: String { "\(self.cause)\n\(self.lastWords)" }
}
