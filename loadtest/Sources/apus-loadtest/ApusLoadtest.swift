import ArgumentParser

/// The load testing harness.
@main
struct ApusLoadtest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus-loadtest",
        abstract: "Load testing for mail: sinks, generators, reports.",
        subcommands: [SinkCommand.self, GenerateCommand.self, RunCommand.self, CompareCommand.self, ScenariosCommand.self])
}
