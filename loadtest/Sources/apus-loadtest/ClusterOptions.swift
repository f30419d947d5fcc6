import ArgumentParser
import LoadTesting

/// Engines for a cluster of Apus that a run starts.
struct ClusterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("An empty Kafka, for a cluster that the run starts: HOST:PORT.", valueName: "address"))
    var kafka: String?

    @Option(help: ArgumentHelp("An empty Redis: redis://HOST:PORT.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("An empty PostgreSQL database: postgresql://USER@HOST:PORT/DATABASE.", valueName: "url"))
    var postgres: String?

    @Option(help: "Replicas of topics.")
    var replicas = 1

    @Option(help: "Processes that take mail in; load goes to the first.")
    var apis = 1

    @Option(help: "Processes that deliver.")
    var workers = 2

    @Option(help: "Processes that move deferred mail.")
    var movers = 1

    @Option(help: "Processes that publish events; nothing else needs one.")
    var publishers = 0

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Which processes faults befall, in turn: api, worker, mover, publisher. Default: all.", valueName: "role"))
    var exposed: [String] = []

    func validate() throws {
        guard self.exposed.allSatisfy({ ClusterSystem.Kind(rawValue: $0) != nil }) else {
            throw ValidationError("--exposed takes api, worker, mover, publisher")
        }
        guard self.apis >= 1, self.workers >= 1, self.movers >= 1, self.publishers >= 0 else {
            throw ValidationError("a cluster needs one API process, one worker and one mover at least")
        }
    }

    /// - Returns: nil when no cluster is asked for.
    func engines() throws -> ClusterSystem.Engines? {
        guard let kafka = self.kafka, let redis = self.redis, let postgres = self.postgres else {
            guard self.kafka == nil, self.redis == nil, self.postgres == nil else {
                throw ValidationError("a cluster needs all of --kafka, --redis and --postgres")
            }
            return nil
        }
        return ClusterSystem.Engines(kafka: kafka, redis: redis, postgres: postgres, replicas: self.replicas)
    }

    var size: ClusterSystem.Size {
        let exposed = Set(self.exposed.compactMap(ClusterSystem.Kind.init))
        return ClusterSystem.Size(
            apis: self.apis, workers: self.workers, movers: self.movers, publishers: self.publishers,
            exposed: exposed.isEmpty ? Set(ClusterSystem.Kind.allCases) : exposed)
    }
}
