import ArgumentParser
import ApusCore
import ClusterBackends
import Foundation

/// `apus cluster`: what is done to a cluster as a whole.
struct Cluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prepare a cluster, look at its engines, and let it go on after a loss.",
        discussion: "The engines come from the settings kafka.brokers, redis.url and postgres.url: a file by --config, or APUS_… variables.",
        subcommands: [Init.self, Status.self, Release.self])

    /// Where the engines' settings are.
    struct Options: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("A JSON file of settings.", valueName: "file"))
        var config: String?

        /// Connects to the engines.
        func withEngines<Value: Sendable>(_ body: (ServiceParts, ClusterParts.Engines) async throws -> Value) async throws -> Value {
            let settings = try Settings(flags: [:], environment: ProcessInfo.processInfo.environment, file: self.config)
            guard let cluster = settings.cluster else {
                throw SettingsError(problems: ["no cluster is named: give kafka.brokers, redis.url and postgres.url by --config or as variables"])
            }
            return try await ClusterParts.withParts(settings: settings, cluster: cluster, body)
        }
    }

    /// `apus cluster init`.
    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make topics and tables, and begin; once, before the first process serves.",
            discussion: "What is there already is checked and left as it is, so that it may be run again.")

        @OptionGroup var options: Options

        func run() async throws {
            try await self.options.withEngines { parts, engines in
                print("\(parts.topics.definitions(queues: parts.queues.queues).count) topics and the tables are in place.")
                if try await engines.throttling.begin(.fresh) {
                    print("Limits, quotas and delivery markers begin now.")
                } else {
                    print("Limits, quotas and delivery markers are in place.")
                }
            }
        }
    }

    /// `apus cluster status`.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether the engines answer, and who works.", discussion: "Exit status 1 when mail is not accepted or sent.")

        @OptionGroup var options: Options

        func run() async throws {
            let isReady = try await self.options.withEngines { parts, engines in
                print("Kafka       answers, \(parts.topics.definitions(queues: parts.queues.queues).count) topics are as they must be")
                print("PostgreSQL  answers")
                guard let epoch = try await engines.throttling.epoch() else {
                    print("Redis       answers, and is empty: nothing is accepted or sent until `apus cluster init` or `apus cluster release`")
                    return false
                }
                let how =
                    switch epoch.beginning {
                    case .fresh: "complete since"
                    case .afterLoss: "began again after a loss at"
                    }
                print("Redis       answers, \(how) \(Date(timeIntervalSince1970: Double(epoch.beganAt.rawValue) / 1000).ISO8601Format())")
                let workers = try await engines.throttling.summaries().count
                print("Workers     \(workers) alive")
                return true
            }
            if !isReady { throw ExitCode(1) }
        }
    }

    /// `apus cluster release`.
    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let mail go on after Redis came back empty.",
            discussion: """
                Restore Redis from its own files if they are there: then nothing needs to be released. Otherwise rate limits start as spent, and
                messages that were delivered shortly before the loss may be delivered once more.
                """)

        @OptionGroup var options: Options

        @Flag(name: .long, help: "Accounts with a daily quota send nothing for 24 hours; otherwise their day begins anew.")
        var quotasSpent = false

        func run() async throws {
            try await self.options.withEngines { _, engines in
                if try await engines.throttling.begin(.afterLoss(quotasAreSpent: self.quotasSpent)) {
                    print("Mail goes on.")
                } else {
                    print("Nothing was lost: Redis is complete, and mail was not waiting for this.")
                }
            }
        }
    }
}
