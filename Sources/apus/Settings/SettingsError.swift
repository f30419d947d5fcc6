/// Everything that is wrong with the settings, at once.
struct SettingsError: Error, CustomStringConvertible {
    /// One line per problem, each saying what to do.
    let problems: [String]

    var description: String {
        self.problems.count == 1
            ? "setting: \(self.problems[0])"
            : "\(self.problems.count) settings do not fit:\n" + self.problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}
