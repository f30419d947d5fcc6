import FoundationEssentials
package import MailSink

/// Finds what a sink plays: the provider files shipped with the program, and files.
package enum SinkFile {
    /// Name to text.
    package static let shipped: [String: [UInt8]] = [
        "down": PackageResources.down_json, "flaky": PackageResources.flaky_json, "gmail-like": PackageResources.gmail_like_json,
        "greylisting": PackageResources.greylisting_json, "mailbox-full": PackageResources.mailbox_full_json,
        "microsoft-like": PackageResources.microsoft_like_json, "providers": PackageResources.providers_json,
        "strict-limits": PackageResources.strict_limits_json, "tarpit": PackageResources.tarpit_json,
        "well-behaved": PackageResources.well_behaved_json, "yahoo-like": PackageResources.yahoo_like_json,
    ]

    /// Reads a shipped file by its name, or a file.
    ///
    /// - Throws: ``LoadTestError`` when there is none, `MailSinkError` for what is wrong in it.
    package static func load(_ name: String) throws -> MailSinkScenario {
        try MailSinkScenario(json: try text(name))
    }

    /// The text of a shipped file by its name, or of a file.
    static func text(_ name: String) throws(LoadTestError) -> [UInt8] {
        if let text = shipped[name] { return text }
        guard let data = FileManager.default.contents(atPath: name) else {
            let names = shipped.keys.sorted().joined(separator: ", ")
            throw LoadTestError(.invalidScenario, "there is no sink scenario \"\(name)\", shipped or as a file. Shipped are \(names)")
        }
        return Array(data)
    }
}
