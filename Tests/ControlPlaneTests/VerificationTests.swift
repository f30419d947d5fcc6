import ApusCore
import Backends
import ControlPlane
import DNSResolver
import Synchronization
import Testing

/// Answers from a table: texts, or an error; names that are not in it do not exist.
private final class TableResolver: DNSResolving {
    private let table = Mutex<[String: Result<[[UInt8]], DNSError>]>([:])
    private let questions = Mutex(0)

    var questionCount: Int { self.questions.withLock { $0 } }

    func set(_ name: String, _ answer: Result<[[UInt8]], DNSError>?) {
        self.table.withLock { $0[name] = answer }
    }

    func resolve(_ name: String, _ type: DNSRecordType, completion: @escaping Completion) {
        self.questions.withLock { $0 += 1 }
        #expect(type == .txt)
        switch self.table.withLock({ $0[name] }) {
        case .success(let texts):
            completion(.success(DNSAnswer(canonicalName: name, records: texts.map { .txt($0) }, ttl: 60, isSecure: false)))
        case .failure(let error): completion(.failure(error))
        case nil: completion(.failure(DNSError(.noSuchDomain, "no such name")))
        }
    }
}

@Suite struct VerificationTests {
    private let fixture: ControlPlaneFixture
    private let resolver = TableResolver()
    private let verifier: IdentityVerifier
    private let account: AccountID

    init() async throws {
        self.fixture = try await ControlPlaneFixture()
        self.account = try await self.fixture.controlPlane.createAccount(name: "acme").id
        self.verifier = IdentityVerifier(controlPlane: self.fixture.controlPlane, resolver: self.resolver)
        try await self.fixture.controlPlane.createIdentity(name: "example.com", account: self.account)
    }

    private func identity() throws -> EmailIdentity {
        try #require(self.fixture.controlPlane.identity("example.com", account: self.account))
    }

    private func publish() throws {
        for record in try self.fixture.controlPlane.dnsRecords(for: self.identity()) where record.purpose == .direct {
            self.resolver.set(record.name, .success([Array(record.value.utf8)]))
        }
    }

    private func names() throws -> [String] {
        try self.fixture.controlPlane.dnsRecords(for: self.identity()).filter { $0.purpose == .direct }.map(\.name)
    }

    @Test func becomesVerifiedWhenAllThreeKeysArePublished() async throws {
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verification == .pending)
        #expect(try self.identity().verificationError == .hostNotFound)
        #expect(try self.identity().lastCheckedAt == self.fixture.clock.now)
        try self.publish()
        self.resolver.set(try self.names()[2], nil)
        self.fixture.clock.advance(.seconds(70))
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verification == .pending)
        try self.publish()
        self.fixture.clock.advance(.seconds(70))
        let next = await self.verifier.checkDue()
        let identity = try self.identity()
        #expect(identity.verification == .success && identity.dkim?.status == .success && identity.isSigning)
        #expect(identity.verificationError == nil && identity.lastSuccessAt == self.fixture.clock.now)
        #expect(try await self.fixture.controlPlane.signingKeys(domain: "example.com", account: self.account).count == 1)
        // Then it is looked at daily.
        let wait = try #require(next) - self.fixture.clock.now
        #expect(wait >= .seconds(86_400) && wait <= .seconds(95_040))
        let asked = self.resolver.questionCount
        self.fixture.clock.advance(.seconds(3600))
        _ = await self.verifier.checkDue()
        #expect(self.resolver.questionCount == asked)
    }

    @Test(arguments: [
        ("v=DKIM1; k=rsa; p=AAAA", VerificationError.invalidValue), ("", .invalidValue), ("v=DKIM1; p=", .invalidValue), ("p", .invalidValue),
        (";;;=;p==;", .invalidValue),
    ])
    func anotherTextIsNotTheKey(text: String, error: VerificationError) async throws {
        try self.publish()
        self.resolver.set(try self.names()[1], .success([Array(text.utf8)]))
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verification == .pending)
        #expect(try self.identity().verificationError == error)
    }

    @Test func whiteSpaceAndFurtherTextsDoNotMatter() async throws {
        try self.publish()
        let name = try self.names()[0]
        let key = try #require(self.identity().dkim).publicKeys[0].record.dropFirst("v=DKIM1; k=rsa; p=".count)
        let spaced = " v=DKIM1;k=rsa ;\r\n\t p = \(key.prefix(100)) \t\(key.dropFirst(100)) ; t=s"
        self.resolver.set(name, .success([Array("google-site-verification=x".utf8), Array(spaced.utf8)]))
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verification == .success)
    }

    @Test(arguments: [
        (DNSError.Code.noSuchDomain, VerificationError.hostNotFound), (.noData, .typeNotFound), (.malformedAnswer, .invalidValue),
        (.temporaryFailure, .dnsServerError), (.timeout, .dnsServerError), (.bogus, .dnsServerError), (.overloaded, .serviceError),
        (.closed, .serviceError), (.invalidName, .serviceError),
    ])
    func errorsAreToldAsSESTellsThem(code: DNSError.Code, error: VerificationError) async throws {
        try self.publish()
        self.resolver.set(try self.names()[1], .failure(DNSError(code, "a test")))
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verificationError == error)
    }

    @Test func isLookedAtLessAndLessOftenAndFailsAfterThreeDays() async throws {
        var checks: [Duration] = []
        let start = self.fixture.clock.now
        while try self.identity().verification == .pending {
            let next = await self.verifier.checkDue()
            checks.append(self.fixture.clock.now - start)
            guard let next else { break }
            self.fixture.clock.advance(next - self.fixture.clock.now)
        }
        #expect(try self.identity().verification == .failed)
        #expect(try self.identity().dkim?.status == .failed)
        let gaps = zip(checks, checks.dropFirst()).map { $1 - $0 }
        #expect(gaps.prefix(20).allSatisfy { $0 >= .seconds(5) && $0 <= .milliseconds(5500) })
        let afterTwoMinutes = zip(checks, gaps).filter { $0.0 >= .seconds(120) && $0.0 < .seconds(500) }
        #expect(afterTwoMinutes.count >= 5 && afterTwoMinutes.allSatisfy { $0.1 >= .seconds(60) && $0.1 <= .seconds(66) })
        #expect(gaps.suffix(10).allSatisfy { $0 >= .seconds(3600) && $0 <= .seconds(3960) })
        #expect((100...140).contains(checks.count))
        let last = try #require(checks.last)
        #expect(last >= .seconds(72 * 3600) && last <= .seconds(74 * 3600))
        // A failed one is left alone, until it is asked for again.
        try self.publish()
        #expect(await self.verifier.checkDue() == nil)
        #expect(try self.identity().verification == .failed)
        try await self.fixture.controlPlane.restartVerification("example.com", account: self.account)
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verification == .success)
    }

    @Test func aLostRecordHasAGracePeriod() async throws {
        try self.publish()
        _ = await self.verifier.checkDue()
        self.resolver.set(try self.names()[0], nil)
        self.fixture.clock.advance(.seconds(96_000))
        _ = await self.verifier.checkDue()
        let lost = try self.identity()
        #expect(lost.verification == .temporaryFailure && lost.isVerifiedForSending && lost.isSigning)
        #expect(lost.failingSince == self.fixture.clock.now)
        // It comes back.
        try self.publish()
        self.fixture.clock.advance(.seconds(4000))
        _ = await self.verifier.checkDue()
        #expect(try self.identity().verification == .success)
        #expect(try self.identity().failingSince == nil)
        // It goes for good.
        self.resolver.set(try self.names()[0], nil)
        self.fixture.clock.advance(.seconds(96_000))
        var hours = 0
        repeat {
            _ = await self.verifier.checkDue()
            self.fixture.clock.advance(.seconds(4000))
            hours += 1
        } while try self.identity().verification == .temporaryFailure && hours < 1000
        #expect(try self.identity().verification == .failed)
        #expect(try !self.identity().isVerifiedForSending && !self.identity().isSigning)
        #expect((60...80).contains(hours))
    }

    @Test func nameServersThatDoNotAnswerTakeNothingAway() async throws {
        try self.publish()
        _ = await self.verifier.checkDue()
        for name in try self.names() { self.resolver.set(name, .failure(DNSError(.timeout, "a test"))) }
        for _ in 0..<30 {
            self.fixture.clock.advance(.seconds(96_000))
            _ = await self.verifier.checkDue()
        }
        #expect(try self.identity().verification == .success)
        #expect(try self.identity().verificationError == .dnsServerError)
    }

    @Test func whatTheOperatorVouchesForIsNotLookedAt() async throws {
        try await self.fixture.controlPlane.createIdentity(name: "vouched.org", account: self.account, verified: true)
        try await self.fixture.controlPlane.createIdentity(name: "a@address.org", account: self.account)
        _ = await self.verifier.checkDue()
        #expect(self.resolver.questionCount == 1)
        #expect(self.fixture.controlPlane.identity("vouched.org", account: self.account)?.isVerifiedForSending == true)
        #expect(self.fixture.controlPlane.identity("a@address.org", account: self.account)?.verification == .pending)
    }

    @Test(.timeLimit(.minutes(2))) func runsAsAServiceAndSeesNewIdentities() async throws {
        try self.publish()
        let run = Task { try await self.verifier.run() }
        try await eventually { try self.identity().verification == .success }
        run.cancel()
        try await run.value
    }
}
