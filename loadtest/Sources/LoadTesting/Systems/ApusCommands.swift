import ChildProcesses
import FoundationEssentials

/// The `apus` commands that a run needs, on a data folder or on a cluster.
struct ApusCommands: Sendable {
    /// The executable.
    var program: String
    /// The options that say which installation.
    var place: [String]

    /// Runs one.
    ///
    /// - Returns: what it printed.
    func run(_ arguments: [String], within limit: Duration = .seconds(60)) async throws -> String {
        let result = try await Child.run(program, arguments + place, within: limit)
        guard result.end.isSuccess else {
            throw LoadTestError(.processFailed, "apus \(arguments.prefix(2).joined(separator: " ")): \(result.errors.suffix(2_000))")
        }
        return result.output
    }

    /// Makes accounts with a key each, and identities in them.
    func prepare(accounts: Int, identities: [String]) async throws -> [SESEntrance.Key] {
        struct Key: Decodable {
            var AccessKeyId: String
            var SecretAccessKey: String
        }
        var keys: [SESEntrance.Key] = []
        for account in 0..<accounts {
            let name = account == 0 ? "default" : "load\(account)"
            let key = try JSONDecoder().decode(Key.self, from: Data(try await run(["keys", "create", "--account", name, "--json"]).utf8))
            keys.append(SESEntrance.Key(id: key.AccessKeyId, secret: key.SecretAccessKey))
            for identity in identities {
                _ = try await run(["identities", "create", identity, "--verified", "--account", name])
            }
        }
        return keys
    }

    /// Makes pools of the installation, with their addresses.
    func createPools(_ pools: [String: LoadScenario.Pool]) async throws {
        for (name, pool) in pools.sorted(by: { $0.key < $1.key }) {
            _ = try await run(["pools", "create", name])
            if !pool.addresses.isEmpty { _ = try await run(["pools", "addresses", name] + pool.addresses.flatMap { ["--add", $0] }) }
        }
    }

    /// What the executable calls itself.
    func version() async throws -> String {
        try await Child.run(program, ["--version"]).output.split(separator: "\n").first.map(String.init) ?? "unknown"
    }

    /// Records that wait in topics.
    func queueDepth() async throws -> Int {
        struct Queue: Decodable {
            struct Topic: Decodable { var waiting: Int }
            var topics: [Topic]
        }
        return try JSONDecoder().decode(Queue.self, from: Data(try await run(["queue", "--json"]).utf8)).topics.reduce(0) { $0 + $1.waiting }
    }

    /// What became of messages, from the events.
    func outcomes() async throws -> SystemOutcomes {
        try Self.outcomes(in: try await run(["events", "tail", "--from-start"], within: .seconds(600)).split(separator: "\n"))
    }

    /// The same where the log's end is not to be trusted: follows it until nothing has come for a while.
    func followedOutcomes(quiet: Duration = .seconds(3)) async throws -> SystemOutcomes {
        let child = try await Child.start(name: "apus events tail", program, ["events", "tail", "--from-start", "--follow"] + place)
        var count = -1
        repeat {
            guard child.end == nil else { throw LoadTestError(.processFailed, "apus events tail ended: \(child.lastWords)") }
            count = child.output.all.count
            try await Task.sleep(for: quiet)
        } while child.output.all.count != count || count == 0
        try await child.kill()
        return try Self.outcomes(in: child.output.all)
    }

    private struct Event: Decodable {
        struct Mail: Decodable { var messageId: String }
        var eventType: String
        var mail: Mail
    }

    private static func outcomes(in lines: [some StringProtocol]) throws -> SystemOutcomes {
        var outcomes = SystemOutcomes()
        for line in lines {
            let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
            switch event.eventType {
            case "Bounce": outcomes.bounced.insert(event.mail.messageId)
            case "Delivery": outcomes.delivered.insert(event.mail.messageId)
            default: break
            }
        }
        return outcomes
    }
}
