import ArgumentParser

/// `apus pools`: sets of addresses that mail leaves from.
struct Pools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make and show pools: sets of addresses that mail leaves from.",
        subcommands: [Create.self, List.self, Show.self, Addresses.self, Drain.self, Reroute.self, Delete.self]
    )

    /// Whose pools.
    struct Owner: ParsableArguments {
        @OptionGroup var folder: DataOptions

        @Option(name: .long, help: "An account's name, for a pool of its own; without it the installation's, which every account may use.")
        var account: String?
    }

    /// What most subcommands share.
    struct Target: ParsableArguments {
        @Argument(help: "The pool's name.")
        var name: String

        @OptionGroup var owner: Owner

        func send(_ request: AdminRequest) async throws {
            let pool: AdminAnswer.Pool = try await AdminConnection(folder: self.owner.folder).one(request)
            print(pool.text)
        }
    }

    /// `apus pools create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a pool, without addresses.")

        @OptionGroup var target: Target

        @Option(
            name: .long,
            help: ArgumentHelp(
                "The queue its mail waits in: pools of one queue can delay each other.",
                discussion: "Without it a pool of the installation gets a queue of its own, and an account's pool the queue `default`."))
        var queue: String?

        func run() async throws {
            try await self.target.send(.createPool(account: self.target.owner.account, name: self.target.name, queue: self.queue))
        }
    }

    /// `apus pools list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List pools.")

        @OptionGroup var owner: Owner

        func run() async throws {
            let answer: AdminAnswer.Pools = try await AdminConnection(folder: self.owner.folder).one(.listPools(account: self.owner.account))
            if answer.pools.isEmpty { print("There are no pools.") }
            print(answer.pools.map(\.text).joined(separator: "\n\n"))
        }
    }

    /// `apus pools show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a pool.")

        @OptionGroup var target: Target

        func run() async throws {
            try await self.target.send(.showPool(account: self.target.owner.account, name: self.target.name))
        }
    }

    /// `apus pools addresses`.
    struct Addresses: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a pool addresses, or take them from it.")

        @OptionGroup var target: Target

        @Option(name: .long, help: "An address of this host, with its share beside the others from 0 to 100: 192.0.2.1 or 192.0.2.1=10.")
        var add: [String] = []

        @Option(name: .long, help: "An address of the pool.")
        var remove: [String] = []

        func run() async throws {
            try await self.target.send(
                .changePoolAddresses(account: self.target.owner.account, name: self.target.name, adding: self.add, removing: self.remove))
        }
    }

    /// `apus pools drain`.
    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take no new mail for a pool; what it has goes on.")

        @OptionGroup var target: Target

        @Flag(name: .long, help: "Take new mail again.")
        var undo = false

        func run() async throws {
            try await self.target.send(
                .drainPool(account: self.target.owner.account, name: self.target.name, isDraining: !self.undo))
        }
    }

    /// `apus pools reroute`.
    struct Reroute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a pool's mail leave from another pool's addresses.")

        @OptionGroup var target: Target

        @Option(name: .long, help: "The other pool; without it the pool uses its own addresses again.")
        var to: String?

        func run() async throws {
            try await self.target.send(.reroutePool(account: self.target.owner.account, name: self.target.name, to: self.to))
        }
    }

    /// `apus pools delete`.
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a pool that has no mail.")

        @OptionGroup var target: Target

        func run() async throws {
            let _: AdminAnswer.Done = try await AdminConnection(folder: self.target.owner.folder).one(
                .deletePool(account: self.target.owner.account, name: self.target.name)
            )
        }
    }
}

extension AdminAnswer.Pool {
    /// The pool for a person.
    var text: String {
        var lines = ["Pool       \(self.name) (\(self.account.map { "account \($0)" } ?? "installation"))"]
        if self.scalingMode != "STANDARD" { lines.append("Scaling    \(self.scalingMode)") }
        let addresses = self.addresses.map { "\($0.address)\($0.weight == 1 ? "" : " (weight \($0.weight))")" }
        lines.append("Addresses  \(addresses.isEmpty ? "the host's own" : addresses.joined(separator: ", "))")
        lines.append("Queue      \(self.queue)")
        if self.isDraining { lines.append("Draining   takes no new mail") }
        if let target = self.reroutedTo { lines.append("Rerouted   to \(target)") }
        return lines.joined(separator: "\n")
    }
}
