import FoundationEssentials
import MailSink

/// What the sink of a run plays.
enum SinkPlan {
    /// One server that answers by these rules, as a file says them; nil takes everything at once.
    case oneServer(rules: [UInt8]?)
    /// Many providers with addresses and domains of their own, as a file says them.
    case providers([UInt8])

    /// - Throws: ``LoadTestError`` or `MailSinkError` that says what is wrong in it.
    init(_ sink: JSONValue?) throws {
        switch sink {
        case nil: self = .oneServer(rules: nil)
        case .text(let name):
            let text = try SinkFile.text(name)
            _ = try MailSinkScenario(json: text)
            self = .providers(text)
        case .some(let value):
            let text = Array(try JSONEncoder().encode(value))
            _ = try MailSinkScenario(json: text)
            if case .object(let members) = value, members["providers"] != nil { self = .providers(text) } else { self = .oneServer(rules: text) }
        }
    }

    var playsProviders: Bool { if case .providers = self { true } else { false } }
}
