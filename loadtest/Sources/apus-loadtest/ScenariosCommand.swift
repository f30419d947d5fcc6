import ArgumentParser
import LoadTesting

/// `apus-loadtest scenarios`.
struct ScenariosCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "scenarios", abstract: "Lists the shipped scenarios, or prints one to start from.")

    @Argument(help: "Print this one.")
    var name: String?

    func run() throws {
        if let name {
            guard let text = ScenarioFile.shipped[name] else { throw ValidationError("there is no shipped scenario \"\(name)\"") }
            return Output.line(String(decoding: text, as: UTF8.self))
        }
        for name in ScenarioFile.shipped.keys.sorted() {
            let summary = (try? ScenarioFile.load(name).summary) ?? ""
            Output.line("\(name)\n    \(summary)")
        }
    }
}
