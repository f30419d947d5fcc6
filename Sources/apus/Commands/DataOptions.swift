import ArgumentParser

/// The options of every command that works on a data folder.
struct DataOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The data folder.", valueName: "dir"))
    var data: String

    @Option(name: .long, help: ArgumentHelp("A JSON file of settings; used where no server runs on the folder.", valueName: "file"))
    var config: String?
}
