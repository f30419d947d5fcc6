import ArgumentParser

/// The `apus` command.
@main
struct Apus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "A self-hosted email sending service that speaks Amazon SES's API.",
        discussion: """
            Start with:
              apus serve --data ./data
              apus keys create --data ./data
              apus identities create example.com --data ./data
            and point an AWS SDK at the address that serve prints.
            """,
        version: Version.text,
        subcommands: [Serve.self, Keys.self, Identities.self, Pools.self, Events.self, Queue.self, Dead.self, Cluster.self, SettingsPage.self]
    )
}
