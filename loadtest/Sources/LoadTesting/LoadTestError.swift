/// Why a load test cannot go on, for the person who started it.
package struct LoadTestError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A scenario or an option says something that has no meaning.
        case invalidScenario
        /// A program or permission that the test needs is not there.
        case unavailable
        /// A process did not do what it was started for.
        case processFailed
        /// A target that is not on loopback, without the owner's word.
        case foreignTarget
        /// A record file is damaged or of another format.
        case damagedRecords
    }

    package let code: Code
    /// What is wrong and what to do.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
