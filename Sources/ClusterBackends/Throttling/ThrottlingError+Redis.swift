internal import Backends
internal import RedisClient

extension ThrottlingError {
    /// What a Redis could not do, in this protocol's terms.
    init(_ error: RedisError) {
        switch error.code {
        case .closed: self.init(.closed, "the throttling engine was closed", cause: error)
        case .reply("EPOCH"):
            self.init(
                .unavailable,
                "Redis does not know what was sent before: restore its data, or say that it is to begin anew (first use, or after a loss)",
                cause: error)
        case .reply(let word): self.init(.unavailable, "Redis answered \(word)", cause: error)
        default: self.init(.unavailable, "Redis is away: \(error.message)", cause: error)
        }
    }

    /// What is thrown for whatever a call to Redis threw.
    static func from(_ error: any Error) -> any Error {
        (error as? RedisError).map { ThrottlingError($0) } ?? error
    }

    static let oddAnswer = ThrottlingError(
        .corrupt, "Redis gave an answer that its script does not give: see whether the key prefix is another program's")
}
