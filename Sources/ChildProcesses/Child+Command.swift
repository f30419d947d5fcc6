extension Child {
    /// What a short command gave.
    package struct Result: Sendable {
        package let end: ChildEnd
        package let output: String
        package let errors: String
    }

    /// Runs a command to its end.
    ///
    /// - Throws: ``ChildFailure`` when it cannot be started or does not end in time; a failing command is a result.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = Child.plainEnvironment(), within limit: Duration = .seconds(60)
    ) async throws -> Result {
        let child = try await Child.start(name: program, program, arguments, environment: environment)
        do {
            let end = try await child.waitForEnd(within: limit)
            try await within(limit, "the output of \(program)") {
                try await child.output.untilFinished()
                try await child.errors.untilFinished()
            }
            return Result(
                end: end, output: child.output.all.joined(separator: "\n"), errors: child.errors.all.joined(separator: "\n"))
        } catch {
            child.signal(9)
            throw error
        }
    }
}
