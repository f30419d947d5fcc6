import ArgumentParser
import Foundation

/// `apus keys`: access keys.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make access keys.", subcommands: [Create.self])

    /// `apus keys create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an access key, for AWS SDKs and for SMTP.",
            discussion: "The secret is shown once and kept encrypted: note it now."
        )

        @OptionGroup var folder: DataOptions

        @Option(name: .long, help: "The account's name; made when there is none of that name.")
        var account = "default"

        @Flag(name: .long, help: "Print one JSON object.")
        var json = false

        func run() async throws {
            let key: AdminAnswer.Key = try await AdminConnection(folder: self.folder).one(.createKey(account: self.account))
            if self.json {
                let object = [
                    "AccessKeyId": key.accessKeyID, "SecretAccessKey": key.secretAccessKey, "SmtpUsername": key.smtpUsername,
                    "SmtpPassword": key.smtpPassword, "Account": key.accountID, "AccountName": key.account,
                ]
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                print(String(decoding: try encoder.encode(object), as: UTF8.self))
            } else {
                print(
                    """
                    Account          \(key.account) (\(key.accountID))
                    AccessKeyId      \(key.accessKeyID)
                    SecretAccessKey  \(key.secretAccessKey)
                    SmtpUsername     \(key.smtpUsername)
                    SmtpPassword     \(key.smtpPassword)
                    """
                )
            }
        }
    }
}
