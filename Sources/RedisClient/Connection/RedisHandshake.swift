/// What a new connection says before it takes commands, and what it makes of the answers: one command after the other in one write,
/// because each is valid whatever the one before it was answered with.
///
///     C: AUTH apus …      S: +OK
///     C: SELECT 2         S: +OK
///     C: CLIENT SETNAME … S: +OK
///     C: PING             S: +PONG
struct RedisHandshake: Sendable {
    enum Step: Hashable, Sendable {
        case authenticate
        case select
        case name
        case ping
    }

    enum Outcome {
        /// Further answers are due.
        case wait
        /// The connection takes commands.
        case ready
        case failed(RedisError)
    }

    /// The commands, in order.
    let commands: [RedisCommand]
    private var due: ArraySlice<Step>

    init(_ configuration: RedisConfiguration) {
        var commands: [(Step, RedisCommand)] = []
        if let credentials = configuration.credentials {
            let user = credentials.user.map { [RedisArgument.text($0)] } ?? []
            commands.append((.authenticate, RedisCommand(["AUTH"] + user + [.text(credentials.password)])))
        }
        if configuration.database != 0 { commands.append((.select, RedisCommand("SELECT", .integer(Int64(configuration.database))))) }
        commands.append((.name, RedisCommand("CLIENT", "SETNAME", .text(configuration.clientName))))
        commands.append((.ping, RedisCommand("PING")))
        self.commands = commands.map(\.1)
        self.due = commands.map(\.0)[...]
    }

    /// Takes an answer.
    mutating func received(_ value: RESPValue) -> Outcome {
        guard let step = self.due.popFirst() else {
            return .failed(RedisError(.protocolViolation, "the Redis server answers what was not asked"))
        }
        if case .error(let error) = value {
            if ["NOAUTH", "WRONGPASS"].contains(error.code) || step == .authenticate {
                return .failed(
                    RedisError(
                        .authentication, "the Redis server answered \(error.code): check the user and password in the settings",
                        cause: RedisError(error)))
            }
            // A user without the right to name a connection may still send commands.
            if step != .name { return .failed(RedisError(error)) }
        }
        return self.due.isEmpty ? .ready : .wait
    }
}
