internal import RedisClient

extension RedisError {
    /// Whether the server cannot be asked now: a matter of the network or of its life, not of what it holds.
    var isAbsence: Bool {
        switch self.code {
        case .unreachable, .timedOut, .connectionLost, .overloaded, .protocolViolation: true
        case .reply(let word): ["LOADING", "READONLY", "MASTERDOWN", "BUSY", "CLUSTERDOWN", "MISCONF", "OOM"].contains(word)
        case .authentication, .invalidConfiguration, .closed: false
        }
    }
}
