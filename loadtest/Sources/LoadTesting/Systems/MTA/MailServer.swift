/// Debian's mail servers that Apus is compared with, by the names that `--against` takes.
package enum MailServer: String, CaseIterable, Sendable {
    case postfix
    case exim
    case opensmtpd

    /// Why it cannot run here; nil when it can.
    ///
    /// - Parameter tools: where `scripts/deps-mta.sh` unpacks: `.build-tools`.
    package func unavailable(tools: String) async -> String? {
        switch self {
        case .postfix: await PostfixSystem.unavailable(tools: tools)
        case .exim: await EximSystem.unavailable(tools: tools)
        case .opensmtpd: await OpenSMTPDSystem.unavailable(tools: tools)
        }
    }

    /// One with its settings written; nothing is started yet.
    package func make(_ configuration: MTAConfiguration) async throws -> any MailSystem {
        switch self {
        case .postfix: try await PostfixSystem(configuration)
        case .exim: try await EximSystem(configuration)
        case .opensmtpd: try await OpenSMTPDSystem(configuration)
        }
    }
}
