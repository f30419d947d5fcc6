import ArgumentParser

/// `self-signed` or `CERT,KEY`.
enum TLSArgument: ExpressibleByArgument, Sendable {
    case selfSigned
    case files(certificate: String, key: String)

    init?(argument: String) {
        if argument == "self-signed" {
            self = .selfSigned
            return
        }
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self = .files(certificate: parts[0], key: parts[1])
    }
}
