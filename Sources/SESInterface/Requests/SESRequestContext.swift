internal import Hummingbird
internal import Logging
internal import NIOCore

/// What a request's connection tells.
struct SESRequestContext: InitializableFromSource {
    /// The caller's IP address; empty where there is none.
    let sourceIP: String
    let logger: Logger

    init(source: ApplicationRequestContextSource) {
        self.sourceIP = source.channel.remoteAddress?.ipAddress ?? ""
        self.logger = source.logger
    }
}
