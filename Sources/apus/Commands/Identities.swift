import ArgumentParser

/// `apus identities`: domains and addresses that may send.
struct Identities: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make and show identities: domains and addresses that may send.",
        subcommands: [Create.self, Records.self, Show.self]
    )

    /// What the subcommands share.
    struct Target: ParsableArguments {
        @Argument(help: "A domain such as example.com, or an address.")
        var name: String

        @OptionGroup var folder: DataOptions

        @Option(name: .long, help: "The account's name.")
        var account = "default"
    }

    /// `apus identities create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an identity.")

        @OptionGroup var target: Target

        @Flag(name: .long, help: "Take it as verified without looking at DNS: the operator's word.")
        var verified = false

        func run() async throws {
            let identity: AdminAnswer.Identity = try await AdminConnection(folder: self.target.folder).one(
                .createIdentity(account: self.target.account, name: self.target.name, verified: self.verified)
            )
            print(identity.text)
            if identity.type == "DOMAIN" {
                print("Next: publish what `apus identities records \(identity.name)\(self.target.folder.again)` prints.")
            }
        }
    }

    /// `apus identities records`.
    struct Records: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the DNS records of a domain, in zone-file form.")

        @OptionGroup var target: Target

        func run() async throws {
            let records: AdminAnswer.Records = try await AdminConnection(folder: self.target.folder).one(
                .identityRecords(account: self.target.account, name: self.target.name)
            )
            print("; In the sender's zone:")
            records.cnames.forEach { print($0) }
            print("; In the DKIM zone of this installation (sending.dkimZone), what these point to:")
            records.targets.forEach { print($0) }
            print("; Or, without a DKIM zone, in the sender's zone instead of the CNAMEs:")
            records.direct.forEach { print("; \($0)") }
        }
    }

    /// `apus identities show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an identity and how far its verification is.")

        @OptionGroup var target: Target

        func run() async throws {
            let identity: AdminAnswer.Identity = try await AdminConnection(folder: self.target.folder).one(
                .showIdentity(account: self.target.account, name: self.target.name)
            )
            print(identity.text)
        }
    }
}

extension AdminAnswer.Identity {
    /// The identity for a person.
    var text: String {
        var lines = ["Identity      \(self.name) (\(self.type))"]
        lines.append("Verification  \(self.verification)\(self.verifiedByOperator ? ", by the operator's word" : "")")
        if let error = self.error { lines.append("Error         \(error)") }
        if let checked = self.lastCheckedAt { lines.append("Checked       \(checked)") }
        if let status = self.dkimStatus { lines.append("DKIM          \(status)") }
        if !self.dkimTokens.isEmpty { lines.append("Tokens        \(self.dkimTokens.joined(separator: " "))") }
        return lines.joined(separator: "\n")
    }
}
