import Foundation

/// Where the executables under test are: beside the test bundle, or where `APUS_TEST_BIN` says.
package enum Programs {
    /// The server and its commands.
    package static var apus: String { "\(Self.folder)/apus" }
    /// The sink and the load generator.
    package static var loadTest: String { "\(Self.folder)/apus-loadtest" }

    /// The folder of the executables.
    package static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["APUS_TEST_BIN"] { return folder }
        // SwiftPM runs `…/release/apusPackageTests.xctest`, itself or as an argument of a helper.
        for argument in CommandLine.arguments {
            if let end = argument.range(of: ".xctest") {
                return URL(fileURLWithPath: String(argument[..<end.upperBound])).deletingLastPathComponent().path
            }
        }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    }()

    /// Python with the tools of `make deps`.
    package static func python(repository: String) -> String {
        ProcessInfo.processInfo.environment["APUS_TEST_PYTHON"] ?? "\(repository)/.build-tools/venv/bin/python"
    }

    /// Whether the tests run at full length (`make soak`).
    package static var isSoak: Bool { ProcessInfo.processInfo.environment["APUS_SOAK"] == "1" }
}
