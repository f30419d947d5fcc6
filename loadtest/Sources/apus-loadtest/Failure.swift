import ArgumentParser
import LoadTesting
import MailSink

/// How a failure is told: what the user asked for wrongly with the usage and status 64, what went wrong on the way with status 2. Status 1 is a
/// condition that did not hold.
enum Failure {
    static func told(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as LoadTestError where error.code == .invalidScenario || error.code == .foreignTarget {
            throw ValidationError(error.description)
        } catch let error as LoadTestError {
            Output.error("apus-loadtest: \(error)")
            throw ExitCode(2)
        } catch let error as MailSinkError {
            throw ValidationError(error.description)
        }
    }
}
