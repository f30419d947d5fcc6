import MailAuthentication
import Synchronization
import Testing

@Suite("DKIM signing pool", .timeLimit(.minutes(1)))
struct DKIMSigningPoolTests {
    static let message = "From: a@example.com\nSubject: x\n\nHello\n".crlf

    private func signer() throws -> DKIMSigner {
        try DKIMSigner(
            domain: "example.com", selector: "s", key: DKIMKey(ed25519Seed: decode(DKIMVectors.rfc8463Ed25519Seed)))
    }

    @Test("many callers at once get what signing on the spot gives")
    func signs() async throws {
        let signer = try signer()
        let pool = DKIMSigningPool(configuration: .init(threadCount: 3))
        try pool.start()
        try pool.start()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for time in 0..<500 {
                group.addTask {
                    let expected = try signer.signatureField(for: Self.message.span, at: Int64(time))
                    return try await pool.sign(Self.message, by: [signer], at: Int64(time)) == expected
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
        await pool.close()
        #expect(pool.waitingCount == 0)
    }

    @Test("a message that cannot be signed gives its error")
    func failure() async throws {
        let pool = DKIMSigningPool(configuration: .init(threadCount: 1))
        try pool.start()
        let signer = try signer()
        await #expect { try await pool.sign([], by: [signer], at: 0) } throws: {
            ($0 as? DKIMError)?.code == .missingFrom
        }
        await pool.close()
    }

    @Test("at the bound of count or bytes the caller is told at once, and room comes back")
    func bounds() async throws {
        let signer = try signer()
        var configuration = DKIMSigningPool.Configuration(threadCount: 1)
        configuration.maximumWaiting = 3
        configuration.maximumWaitingBytes = Self.message.count * 2
        let pool = DKIMSigningPool(configuration: configuration)
        let done = Mutex(0)
        let completion: DKIMSigningPool.Completion = { _ in done.withLock { $0 += 1 } }
        // Not started: everything waits.
        try pool.sign(Self.message, by: [signer], at: 0, completion: completion)
        try pool.sign(Self.message, by: [signer], at: 0, completion: completion)
        #expect { try pool.sign(Self.message, by: [signer], at: 0, completion: completion) } throws: {
            ($0 as? DKIMError)?.code == .overloaded
        }
        try pool.sign([], by: [signer], at: 0, completion: completion)
        #expect(throws: DKIMError.self) { try pool.sign([], by: [signer], at: 0, completion: completion) }
        #expect(pool.waitingCount == 3)
        try pool.start()
        await pool.close()
        #expect(done.withLock { $0 } == 3)
    }

    @Test("close signs what waits, then refuses; a pool never started hands everything back")
    func close() async throws {
        let signer = try signer()
        let results = Mutex([Result<[UInt8], DKIMError>]())
        let pool = DKIMSigningPool(configuration: .init(threadCount: 2))
        for _ in 0..<100 {
            try pool.sign(Self.message, by: [signer], at: 0) { result in results.withLock { $0.append(result) } }
        }
        try pool.start()
        await pool.close()
        await pool.close()
        #expect(results.withLock { $0.count { (try? $0.get()) != nil } } == 100)
        await #expect { try await pool.sign(Self.message, by: [signer], at: 0) } throws: {
            ($0 as? DKIMError)?.code == .closed
        }
        #expect(throws: DKIMError.self) { try pool.start() }

        let idle = DKIMSigningPool()
        let handedBack = Mutex<DKIMError.Code?>(nil)
        try idle.sign(Self.message, by: [signer], at: 0) { result in
            if case .failure(let error) = result { handedBack.withLock { $0 = error.code } }
        }
        await idle.close()
        #expect(handedBack.withLock { $0 } == .closed)
    }
}
