import ArgumentParser

/// The options of every command that works on an installation: a data folder, or a cluster whose engines the settings name.
struct DataOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The data folder; a cluster has none.", valueName: "dir"))
    var data: String?

    @Option(
        name: .long,
        help: ArgumentHelp("A JSON file of settings; for a cluster, and where no server runs on the folder.", valueName: "file"))
    var config: String?

    /// As it is typed once more in a command that is suggested.
    var again: String {
        self.data.map { " --data \($0)" } ?? self.config.map { " --config \($0)" } ?? ""
    }
}
