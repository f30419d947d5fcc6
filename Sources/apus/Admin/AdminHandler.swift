import ApusCore
import ApusSchema
import AWSSignature
import Backends
import ControlPlane
import Delivery
import Foundation
import MailMessage
import NIOCore
import SESModel
import ServiceLifecycle
import SwiftProtobuf

/// Carries out ``AdminRequest``s on the parts of a service, whether a server runs on them or a command opened them for a moment.
struct AdminHandler: Sendable {
    let controlPlane: ControlPlane
    let bus: any MessageBus
    /// What waits.
    let reader: QueueReader
    let region: Region
    let dead: DeadLetters
    let queues: QueueTopics

    init(parts: ServiceParts, settings: Settings, workers: (any WorkerRegistry)?) {
        self.controlPlane = parts.controlPlane
        self.bus = parts.bus
        self.region = settings.region
        self.dead = DeadLetters(bus: parts.bus, reportingMTA: settings.delivery.ehlo, defaultLifetime: settings.sending.maximumAge)
        self.queues = parts.queues
        self.reader = QueueReader(parts: parts, dead: self.dead, workers: workers)
    }

    /// Carries out a request.
    ///
    /// - Parameter emit: takes the answer, one line at a time, without line ends.
    /// - Throws: ``AdminAnswer/Failure``.
    func handle(_ request: AdminRequest, emit: ([UInt8]) async throws -> Void) async throws {
        do {
            switch request {
            case .createKey(let account): try await emit(Self.line(try await self.createKey(account)))
            case .createIdentity(let account, let name, let verified):
                try await emit(Self.line(try await self.createIdentity(name, account: account, verified: verified)))
            case .showIdentity(let account, let name): try await emit(Self.line(Self.answer(try self.identity(name, account: account))))
            case .identityRecords(let account, let name): try await emit(Self.line(try self.records(name, account: account)))
            case .createPool(let account, let name, let queue):
                let owner = try await self.owner(account, isMade: true)
                try await self.createPool(name, owner: owner, queue: queue)
                try await emit(Self.line(try self.pool(name, owner: owner)))
            case .listPools(let account):
                let owner = try await self.owner(account)
                try await emit(Self.line(AdminAnswer.Pools(pools: self.controlPlane.pools(owner: owner).map(self.answer))))
            case .showPool(let account, let name): try await emit(Self.line(try self.pool(name, owner: try await self.owner(account))))
            case .changePoolAddresses(let account, let name, let adding, let removing):
                let owner = try await self.owner(account)
                try await self.controlPlane.changeAddresses(
                    ofPool: name, owner: owner, adding: try adding.map(Self.poolAddress), removing: removing)
                try await emit(Self.line(try self.pool(name, owner: owner)))
            case .drainPool(let account, let name, let isDraining):
                let owner = try await self.owner(account)
                try await self.controlPlane.drainPool(name, owner: owner, isDraining: isDraining)
                try await emit(Self.line(try self.pool(name, owner: owner)))
            case .reroutePool(let account, let name, let target):
                let owner = try await self.owner(account)
                try await self.controlPlane.reroutePool(name, owner: owner, to: target)
                try await emit(Self.line(try self.pool(name, owner: owner)))
            case .deletePool(let account, let name):
                try await self.deletePool(name, owner: try await self.owner(account))
                try await emit(Self.line(AdminAnswer.Done()))
            case .tailEvents(let fromStart, let follow): try await self.tail(fromStart: fromStart, follow: follow, emit: emit)
            case .queue: try await emit(Self.line(try await self.queue()))
            case .listDead: try await emit(Self.line(try await self.listDead()))
            case .settleDead(let settlement, let ids): try await emit(Self.line(try await self.settleDead(settlement, ids: ids)))
            }
        } catch let error as ControlPlaneError {
            throw AdminAnswer.Failure(error: error.message)
        } catch let error as BusError {
            throw AdminAnswer.Failure(error: error.message)
        }
    }

    private func createKey(_ accountName: String) async throws -> AdminAnswer.Key {
        let account = try await self.controlPlane.ensureAccount(named: accountName)
        let key = try await self.controlPlane.createAccessKey(account: account.id)
        return AdminAnswer.Key(
            account: account.name, accountID: account.id.rawValue, accessKeyID: key.id, secretAccessKey: key.secret, smtpUsername: key.id,
            smtpPassword: SMTPPassword.derive(secret: key.secret, region: self.region.name))
    }

    private func createIdentity(_ name: String, account accountName: String, verified: Bool) async throws -> AdminAnswer.Identity {
        let account = try await self.controlPlane.ensureAccount(named: accountName)
        do {
            return Self.answer(
                try await self.controlPlane.createIdentity(name: name, account: account.id, configurationSet: nil, tags: [], verified: verified))
        } catch let error as ControlPlaneError where error.code == .alreadyExists {
            // Made by an SDK, most likely: what the operator wants of it is to vouch for it, or another look at its records.
            if verified { return Self.answer(try await self.controlPlane.vouch(for: name, account: account.id)) }
            guard self.controlPlane.identity(name, account: account.id)?.verification == .failed else { throw error }
            try await self.controlPlane.restartVerification(name, account: account.id)
            return try Self.answer(self.identity(name, account: accountName))
        }
    }

    private func identity(_ name: String, account accountName: String) throws -> EmailIdentity {
        guard let account = self.controlPlane.account(named: accountName) else {
            throw AdminAnswer.Failure(error: "there is no account \(accountName): `apus keys create --account \(accountName)` makes it")
        }
        guard let identity = self.controlPlane.identity(name, account: account.id) else {
            throw AdminAnswer.Failure(
                error: "the account \(accountName) has no identity \(name): `apus identities create \(name)` makes it")
        }
        return identity
    }

    private func records(_ name: String, account: String) throws -> AdminAnswer.Records {
        let identity = try self.identity(name, account: account)
        let records = try self.controlPlane.dnsRecords(for: identity)
        guard !records.isEmpty else {
            throw AdminAnswer.Failure(error: "\(name) is an address: only domains have DNS records, so make an identity of its domain")
        }
        func lines(_ purpose: ZoneRecord.Purpose) -> [String] {
            records.filter { $0.purpose == purpose }.map(\.zoneFileLine)
        }
        return AdminAnswer.Records(cnames: lines(.alias), targets: lines(.target), direct: lines(.direct))
    }

    private func tail(fromStart: Bool, follow: Bool, emit: ([UInt8]) async throws -> Void) async throws {
        let reader = try await self.bus.read(topic: Topics.events, from: fromStart ? .earliest : .latest, follow: follow)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A follower must not hold up a stop; closing ends its reading. Cancelled when the reading ends first.
                    do { try await gracefulShutdown() } catch { return }
                    await reader.close()
                }
                while let batch = try await reader.nextBatch() {
                    for record in batch {
                        // What this version cannot read is a newer server's business; the rest goes on.
                        guard let event = try? RecordCoding.decode(Apus_V1_SendingEvent.self, from: record.value) else { continue }
                        var line: [UInt8] = []
                        if EventJSON.encode(event, into: &line) { try await emit(line) }
                    }
                }
                group.cancelAll()
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    private func queue() async throws -> AdminAnswer.Queue {
        let topics = try await self.reader.topics()
        let summaries = try await self.reader.summaries()
        return AdminAnswer.Queue(
            serverRunning: self.reader.workers != nil, topics: topics.map { AdminAnswer.Queue.Topic(name: $0.name, waiting: $0.waiting) },
            lanes: summaries.flatMap { $0.lanes.map(Self.answer) }, moreWaiting: summaries.reduce(0) { $0 + $1.moreWaiting },
            poolsWithoutWorker: try await self.reader.poolsWithoutWorker(summaries))
    }

    private static func answer(_ lane: Apus_V1_QueueSummary.Lane) -> AdminAnswer.Queue.Lane {
        AdminAnswer.Queue.Lane(
            destinations: lane.destinations, site: lane.site, waiting: lane.waiting, active: lane.active, connections: lane.connections,
            deferred: lane.deferred, oldestAcceptedAt: self.date(lane.oldestAcceptedAtMs), lastReply: lane.lastReply,
            lastReplyAt: self.date(lane.lastReplyAtMs), waitsFor: lane.waitsFor)
    }

    private static func answer(_ identity: EmailIdentity) -> AdminAnswer.Identity {
        AdminAnswer.Identity(
            name: identity.name, type: identity.kind == .domain ? "DOMAIN" : "EMAIL_ADDRESS", verification: identity.verification.rawValue,
            verifiedByOperator: identity.verifiedByOperator, error: identity.verificationError?.rawValue,
            lastCheckedAt: identity.lastCheckedAt.flatMap { self.date($0.rawValue) }, dkimStatus: identity.dkim?.status.rawValue,
            dkimTokens: identity.dkim?.tokens ?? [])
    }

    static func date(_ milliseconds: Int64) -> String? {
        milliseconds == 0 ? nil : InternetDate.iso8601(unixMilliseconds: milliseconds)
    }

    private static func line(_ answer: some Encodable) throws -> [UInt8] {
        Array(try JSONEncoder().encode(answer))
    }
}
