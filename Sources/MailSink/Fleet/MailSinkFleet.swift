package import NIOCore
import NIOPosix
import SMTPTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// Many sinks in one process: one for each provider of a scenario, each on addresses of its own, all on one port and one group of event loops.
///
/// ```swift
/// let fleet = try await MailSinkFleet.start(try MailSinkScenario(contentsOfFile: "providers.json"), template: MailSinkConfiguration(listeners: []))
/// for route in fleet.routes { dns.set(route.domain, .mx(10, route.mailExchanger)) }
/// await fleet.stop(grace: .seconds(2))
/// ```
package final class MailSinkFleet: Sendable {
    private struct Member: Sendable {
        let provider: MailSinkProvider
        let addresses: [String]
        let sink: MailSink
    }

    /// The port of all listeners.
    package let port: Int
    private let members: [Member]
    private let group: MultiThreadedEventLoopGroup
    private let storeThreads: NIOThreadPool?
    private let reactions: ReactionSender?

    private init(port: Int, members: [Member], group: MultiThreadedEventLoopGroup, storeThreads: NIOThreadPool?, reactions: ReactionSender?) {
        self.port = port
        self.members = members
        self.group = group
        self.storeThreads = storeThreads
        self.reactions = reactions
    }

    // MARK: - Starting

    /// Starts all sinks.
    ///
    /// - Parameters:
    ///   - baseAddress: the first IPv4 address of those given out; all of 127.0.0.0/8 can be bound on Linux.
    ///   - port: of all listeners. 0 takes a free one.
    ///   - template: what all have in common; its listeners, host name, rules, limits, latency, domains and reactions are the providers' own. With a store,
    ///     each provider has a folder in it.
    ///   - reactions: plays reactions, when its owner runs it; nil plays none.
    /// - Throws: ``MailSinkError``, or the system's error when an address cannot be bound. Nothing is left running then.
    package static func start(
        _ scenario: MailSinkScenario, baseAddress: String = "127.10.0.1", port: Int = 0, template: MailSinkConfiguration,
        reactions: ReactionSender? = nil
    ) async throws -> MailSinkFleet {
        let addresses = try addresses(of: scenario, base: baseAddress)
        if let folder = template.storeDirectory, mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw MailSinkError(.invalidStore, "cannot make the folder \(folder): \(String(cString: strerror(errno)))")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: template.loops ?? System.coreCount)
        let threads = template.storeDirectory.map { _ in NIOThreadPool(numberOfThreads: 4) }
        threads?.start()
        let shared = MailSinkShared(group: group, storeThreads: threads, sabotage: template.sabotage.map(SabotageCounter.init))
        do {
            // A port that is free on the first address may be taken on another.
            var attempts = port == 0 ? 10 : 1
            while true {
                attempts -= 1
                let chosen = port == 0 ? try await freePort(on: addresses[0][0], group) : port
                do {
                    let members = try await members(of: scenario, addresses, chosen, template, shared, reactions)
                    return MailSinkFleet(port: chosen, members: members, group: group, storeThreads: threads, reactions: reactions)
                } catch let error as IOError where error.errnoCode == EADDRINUSE && attempts > 0 {}
            }
        } catch {
            try? await threads?.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func members(
        of scenario: MailSinkScenario, _ addresses: [[String]], _ port: Int, _ template: MailSinkConfiguration, _ shared: MailSinkShared,
        _ reactions: ReactionSender?
    ) async throws -> [Member] {
        var members: [Member] = []
        var seeds = SplitMix64(state: scenario.seed)
        do {
            for (index, provider) in scenario.providers.enumerated() {
                var configuration = template
                configuration.listeners = try addresses[index].map { SMTPListener(address: try SocketAddress(ipAddress: $0, port: port)) }
                // A rules file alone has the numbers that it always had.
                configuration.apply(provider, seed: index == 0 ? scenario.seed : seeds.next())
                configuration.provider = UInt16(index)
                configuration.storeDirectory = template.storeDirectory.map { "\($0)/\(provider.name)" }
                configuration.reactionSender = reactions
                members.append(
                    Member(provider: provider, addresses: addresses[index], sink: try await MailSink.start(configuration, shared: shared)))
            }
            return members
        } catch {
            for member in members { await member.sink.stop() }
            throw error
        }
    }

    /// The addresses of each provider.
    private static func addresses(of scenario: MailSinkScenario, base: String) throws(MailSinkError) -> [[String]] {
        func invalid(_ text: String) -> MailSinkError { MailSinkError(.invalidScenario, text) }
        guard !scenario.providers.isEmpty else { throw invalid("the scenario has no providers") }
        var listed: Set<String> = []
        for provider in scenario.providers {
            guard case .list(let list) = provider.addresses else { continue }
            for address in list {
                guard (try? SocketAddress(ipAddress: address, port: 0)) != nil else {
                    throw invalid("scenario, provider \"\(provider.name)\": \"\(address)\" is no IP address")
                }
                guard listed.insert(address).inserted else { throw invalid("scenario: the address \(address) is there twice") }
            }
        }
        guard var sequence = AddressSequence(from: base, without: listed) else { throw invalid("\"\(base)\" is no IPv4 address to begin with") }
        var addresses: [[String]] = []
        for provider in scenario.providers {
            switch provider.addresses {
            case .list(let list): addresses.append(list)
            case .count(let count):
                var own: [String] = []
                while own.count < count {
                    guard let address = sequence.take() else { throw invalid("there are not enough addresses after \(base)") }
                    own.append(address)
                }
                addresses.append(own)
            }
        }
        return addresses
    }

    private static func freePort(on address: String, _ group: any EventLoopGroup) async throws -> Int {
        let channel = try await ServerBootstrap(group: group).bind(to: try SocketAddress(ipAddress: address, port: 0)).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    // MARK: - Running

    /// Stops listening, ends all connections and waits until everything accepted is stored.
    ///
    /// - Parameter grace: how long messages on their way may take.
    package func stop(grace: Duration = .zero) async {
        await withTaskGroup(of: Void.self) { tasks in
            for member in members { tasks.addTask { await member.sink.stop(grace: grace) } }
        }
        reactions?.finish()
        try? await storeThreads?.shutdownGracefully()
        try? await group.shutdownGracefully()
    }

    /// By the place of the provider, which is ``Arrival/provider``.
    package var names: [String] { members.map(\.provider.name) }

    /// What is listened on, in the order of the providers.
    package var addresses: [SocketAddress] { members.flatMap(\.sink.addresses) }

    /// Where mail goes, in the order of the providers.
    package var routes: [MailSinkRoute] {
        members.flatMap { member in
            member.provider.domains.map {
                MailSinkRoute(domain: $0.text, mailExchanger: member.provider.mailExchanger, addresses: member.addresses)
            }
        }
    }

    /// By the provider's name.
    package var statistics: [String: MailSinkStatistics] {
        Dictionary(members.map { ($0.provider.name, $0.sink.statistics) }) { first, _ in first }
    }

    /// Of all providers together.
    package var total: MailSinkStatistics { members.reduce(into: MailSinkStatistics()) { $0 += $1.sink.statistics } }

    /// What has become of reactions; nil when none are played.
    package var reactionStatistics: ReactionStatistics? { reactions?.statistics }

    /// A provider's sink.
    package func sink(of provider: String) -> MailSink? { members.first { $0.provider.name == provider }?.sink }
}
