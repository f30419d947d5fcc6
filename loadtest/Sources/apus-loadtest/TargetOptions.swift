import ArgumentParser
import FoundationEssentials
import LoadTesting

/// Where load goes in.
struct TargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("SES API v2 endpoint, http://HOST:PORT or https://HOST:PORT.", valueName: "url"))
    var ses: String?

    @Option(help: ArgumentHelp("SMTP server, HOST:PORT.", valueName: "address"))
    var smtp: ListenAddress?

    @Option(help: "The region that an SES endpoint answers as.")
    var region: String = "us-east-1"

    @Option(help: ArgumentHelp("PEM file of certificates to trust at an https endpoint.", valueName: "file"))
    var trust: String?

    @Flag(name: .customLong("i-own-this-target"), help: "The target is not on this machine, and you may load it.")
    var mayLeaveLoopback = false

    /// The entrance; nil when none is named.
    func entrance() throws -> LoadEntrance? {
        switch (ses, smtp) {
        case (nil, nil): return nil
        case (.some, .some): throw ValidationError("give --ses or --smtp, not both")
        case (nil, .some(let address)): return .smtp(host: address.host, port: address.port)
        case (.some(let text), nil):
            guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme), let host = url.host() else {
                throw ValidationError("--ses takes http://HOST:PORT or https://HOST:PORT")
            }
            let port = url.port ?? (scheme == "https" ? 443 : 80)
            return .ses(SESEntrance(host: host, port: port, isTLS: scheme == "https", region: region, keys: try Self.keys()))
        }
    }

    /// Access keys come from the environment only: arguments are seen by everybody on the machine.
    private static func keys() throws -> [SESEntrance.Key] {
        let environment = ProcessInfo.processInfo.environment
        if let list = environment["APUS_LOADTEST_KEYS"] {
            return try list.split(separator: ",").map { pair in
                let parts = pair.split(separator: ":", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { throw ValidationError("APUS_LOADTEST_KEYS takes ID:SECRET, separated by commas") }
                return SESEntrance.Key(id: parts[0], secret: parts[1])
            }
        }
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            throw ValidationError(
                "an SES endpoint needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or APUS_LOADTEST_KEYS for several")
        }
        return [SESEntrance.Key(id: id, secret: secret)]
    }
}
