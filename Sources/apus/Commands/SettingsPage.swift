import ArgumentParser

/// `apus settings`: the reference of all settings.
struct SettingsPage: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "settings", abstract: "Print every setting, its default and its meaning.")

    func run() {
        print(SettingsReference.page, terminator: "")
    }
}
