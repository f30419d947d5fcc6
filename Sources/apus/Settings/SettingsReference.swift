/// The page docs/reference/settings.md, made from the table so that it cannot be wrong.
enum SettingsReference {
    /// The page as Markdown.
    static var page: String {
        var page = """
            # Settings

            A setting comes from the command line, else from its variable, else from the JSON file given by `--config` (nested objects:
            `{"delivery": {"port": 2525}}`), else it has its default. All problems are reported at once; an unknown name is an error.
            This page is printed by `apus settings`.

            | setting | variable | takes | default | meaning |
            |---|---|---|---|---|

            """
        for key in SettingKey.all {
            let defaultText = key.defaultValue.map { "`\($0)`" } ?? "none"
            page += "| `\(key.name)` | `\(key.environmentName)` | \(key.kindText) | \(defaultText) | \(key.summary) |\n"
        }
        return page
    }
}
