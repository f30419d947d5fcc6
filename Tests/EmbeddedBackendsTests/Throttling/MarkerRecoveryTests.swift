import ApusCore
import Backends
import EmbeddedBackends
import Foundation
import Testing

@Suite struct MarkerRecoveryTests {
    private let one = WorkerID("worker-1")
    private let two = WorkerID("worker-2")

    private func claim(_ number: Int = 0, attempt: Int = 1, hop: Int = 0, owner: WorkerID) -> DeliveryClaim {
        let digits = String(number)
        let id = MessageID("0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-\(String(repeating: "0", count: 12 - digits.count))\(digits)-000000")
        return DeliveryClaim(messageID: id!, recipients: ["a@example.com"], attempt: attempt, hop: hop, owner: owner)
    }

    @Test func aKillForgetsNoMarker() async throws {
        let fixture = try EngineFixture()
        try await fixture.engine.heartbeat(self.one, summary: [])
        for number in 0..<4 {
            #expect(try await fixture.engine.claim(self.claim(number, owner: self.one)) == [.claimed])
            if number >= 1 { try await fixture.engine.markData(self.claim(number, owner: self.one)) }
            if number == 2 { try await fixture.engine.finish(self.claim(number, owner: self.one), outcomes: [[1, 2, 3]]) }
            if number == 3 { try await fixture.engine.release(self.claim(number, owner: self.one)) }
        }
        // A claim nobody waited for is written before what comes after it.
        let killed = try fixture.afterKill()
        let answers = try await [0, 1, 2, 3].asyncMap { try await killed.engine.claim(self.claim($0, owner: self.two))[0] }
        #expect(answers == [.claimed, .claimedInDoubt, .finished(outcome: [1, 2, 3]), .claimed])
        // The earlier process's worker counts as dead unless it beats.
        let beating = try fixture.afterKill()
        try await beating.engine.heartbeat(self.one, summary: [])
        #expect(try await beating.engine.claim(self.claim(1, owner: self.two)) == [.heldByLivingOwner])
        // Order is kept, too.
        #expect(try await killed.engine.claim(self.claim(2, attempt: 2, hop: 3, owner: self.two)) == [.claimed])
        try await killed.engine.markData(self.claim(2, attempt: 2, hop: 3, owner: self.two))
        let again = try killed.afterKill()
        #expect(try await again.engine.claim(self.claim(2, attempt: 2, hop: 2, owner: self.one)) == [.superseded])
        #expect(try await again.engine.claim(self.claim(2, attempt: 2, hop: 4, owner: self.one)) == [.claimedInDoubt])
        for engine in [fixture.engine, killed.engine, beating.engine, again.engine] { await engine.close() }
    }

    @Test func doubtOutlivesAKillOfTheSecondOwner() async throws {
        let fixture = try EngineFixture()
        #expect(try await fixture.engine.claim(self.claim(owner: self.one)) == [.claimed])
        try await fixture.engine.markData(self.claim(owner: self.one))
        #expect(try await fixture.engine.claim(self.claim(owner: self.two)) == [.claimedInDoubt])
        // Something awaited behind it, so that the claim is on disk.
        _ = try await fixture.engine.claim(self.claim(9, owner: self.two))
        try await fixture.engine.markData(self.claim(9, owner: self.two))
        let killed = try fixture.afterKill()
        var third = self.claim(owner: WorkerID("worker-3"))
        third.admittedDeaths = 2
        #expect(try await killed.engine.claim(third) == [.claimedInDoubt])
        await fixture.engine.close()
        await killed.engine.close()
    }

    @Test func aRecordCutShortIsDroppedAndNoOther() async throws {
        let fixture = try EngineFixture()
        for number in 0..<2 {
            #expect(try await fixture.engine.claim(self.claim(number, owner: self.one)) == [.claimed])
            try await fixture.engine.finish(self.claim(number, owner: self.one), outcomes: [[UInt8](repeating: 5, count: 20)])
        }
        let name = try #require(try fixture.folder.names().first { $0.hasPrefix("markers-") })
        let bytes = try Data(contentsOf: URL(filePath: "\(fixture.folder.path)/\(name)"))
        for cut in 1..<76 {
            let killed = try fixture.afterKill { try bytes.dropLast(cut).write(to: URL(filePath: "\($0)/\(name)")) }
            #expect(try await killed.engine.claim(self.claim(0, owner: self.two)) == [.finished(outcome: [UInt8](repeating: 5, count: 20))])
            #expect(try await killed.engine.claim(self.claim(1, owner: self.two)) == [.claimed])
            await killed.engine.close()
        }
        await fixture.engine.close()
    }

    /// What cannot be read must not hold up what can: the log away fails the claim and takes nothing, damage is one recipient's alone.
    @Test func outcomesThatCannotBeReadKeepNobodyElse() async throws {
        let fixture = try EngineFixture()
        var both = self.claim(owner: self.one)
        both.recipients = ["a@example.com", "b@example.com"]
        #expect(try await fixture.engine.claim(self.claim(owner: self.one)) == [.claimed])
        try await fixture.engine.finish(self.claim(owner: self.one), outcomes: [[UInt8](repeating: 5, count: 100)])
        let name = try #require(try fixture.folder.names().first { $0.hasPrefix("markers-") })
        let killed = try fixture.afterKill()
        let path = "\(killed.folder.path)/\(name)"
        let bytes = try Data(contentsOf: URL(filePath: path))
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        await #expect(throws: ThrottlingError.self) { try await killed.engine.claim(both) }
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        #expect(try await killed.engine.claim(both) == [.finished(outcome: [UInt8](repeating: 5, count: 100)), .claimed])
        try await killed.engine.release(both)
        var damaged = bytes
        damaged[damaged.count - 50] ^= 1
        try damaged.write(to: URL(filePath: path))
        both.hop = 1
        #expect(try await killed.engine.claim(both) == [.heldByLivingOwner, .claimed])
        await fixture.engine.close()
        await killed.engine.close()
    }

    /// Small segments, so that many end; each claims, finishes, and is forgotten after its time.
    @Test(.timeLimit(.minutes(2))) func markersAreForgottenAfterTheirTimeAndNotBefore() async throws {
        let configuration = EmbeddedThrottling.Configuration(
            finishedHorizon: .seconds(100), unfinishedHorizon: .seconds(100_000), markerSegmentBytes: 2000
        )
        let fixture = try EngineFixture(configuration)
        #expect(try await fixture.engine.claim(self.claim(999_999, owner: self.one)) == [.claimed])
        try await fixture.engine.markData(self.claim(999_999, owner: self.one))
        for number in 0..<1000 {
            fixture.clock.advance(.seconds(1))
            #expect(try await fixture.engine.claim(self.claim(number, owner: self.one)) == [.claimed])
            try await fixture.engine.finish(self.claim(number, owner: self.one), outcomes: [[UInt8(number % 256)]])
            if number >= 90 {
                #expect(
                    try await fixture.engine.claim(self.claim(number - 90, owner: self.two)) == [.finished(outcome: [UInt8((number - 90) % 256)])]
                )
            }
        }
        while fixture.engine.markerCount > 200 {
            // Removal is in the background; each ended segment sets it going.
            fixture.clock.advance(.milliseconds(100))
            #expect(try await fixture.engine.claim(self.claim(5_000_000 + Int(fixture.clock.microseconds % 1_000_000_000), owner: self.one)) != [])
            try await Task.sleep(for: .milliseconds(1))
        }
        await fixture.engine.close()
        let files = try fixture.folder.names().filter { $0.hasPrefix("markers-") }
        #expect(files.count < 40, "\(files.count)")
        // What is unfinished was carried along.
        let again = try fixture.afterKill(configuration)
        #expect(try await again.engine.claim(self.claim(999_999, owner: self.two)) == [.claimedInDoubt])
        await again.engine.close()
    }

    /// After two days off, the outcomes of the minutes before are still there: their records come back now.
    @Test func timeWithoutAProcessDoesNotCount() async throws {
        let configuration = EmbeddedThrottling.Configuration(
            finishedHorizon: .seconds(100), unfinishedHorizon: .seconds(1000), markerSegmentBytes: 500)
        let fixture = try EngineFixture(configuration)
        for number in 0..<20 {
            #expect(try await fixture.engine.claim(self.claim(number, owner: self.one)) == [.claimed])
            try await fixture.engine.finish(self.claim(number, owner: self.one), outcomes: [[7]])
        }
        await fixture.engine.close()
        fixture.clock.advance(.seconds(172_800))
        let again = try fixture.afterKill(configuration)
        for number in 0..<20 {
            #expect(try await again.engine.claim(self.claim(number, owner: self.two)) == [.finished(outcome: [7])])
        }
        await again.engine.close()
    }

    @Test func claimsAreRefusedAboveTheBound() async throws {
        let fixture = try EngineFixture(.init(maximumMarkers: 10))
        for number in 0..<10 { #expect(try await fixture.engine.claim(self.claim(number, owner: self.one)) == [.claimed]) }
        let error = await #expect(throws: ThrottlingError.self) { _ = try await fixture.engine.claim(self.claim(10, owner: self.one)) }
        #expect(error?.code == .unavailable)
        await fixture.engine.close()
    }

    @Test func aClosedEngineAnswersEveryCompletion() async throws {
        let fixture = try EngineFixture()
        #expect(try await fixture.engine.claim(self.claim(1, owner: self.one)) == [.claimed])
        try await fixture.engine.finish(self.claim(1, owner: self.one), outcomes: [[1]])
        await fixture.engine.close()
        for operation in [
            { _ = try await fixture.engine.claim(self.claim(2, owner: self.one)) },
            { _ = try await fixture.engine.claim(self.claim(1, owner: self.one)) },
            { try await fixture.engine.finish(self.claim(1, owner: self.one), outcomes: [[1]]) },
        ] as [() async throws -> Void] {
            let error = await #expect(throws: ThrottlingError.self) { try await operation() }
            #expect(error?.code == .closed)
        }
    }

    @Test func noAddressIsOnDisk() async throws {
        let fixture = try EngineFixture()
        #expect(try await fixture.engine.claim(self.claim(owner: self.one)) == [.claimed])
        try await fixture.engine.markData(self.claim(owner: self.one))
        for name in try fixture.folder.names() {
            let bytes = try Data(contentsOf: URL(filePath: "\(fixture.folder.path)/\(name)"))
            #expect(bytes.range(of: Data("example.com".utf8)) == nil)
        }
        await fixture.engine.close()
    }

    @Test func manyAtOnceAreInOrderOnDisk() async throws {
        let fixture = try EngineFixture()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let claim = self.claim(number, owner: self.one)
                    let answer = try await fixture.engine.claim(claim)
                    #expect(answer == [.claimed])
                    try await fixture.engine.markData(claim)
                    if number % 2 == 0 { try await fixture.engine.finish(claim, outcomes: [[1]]) }
                }
            }
            try await group.waitForAll()
        }
        let killed = try fixture.afterKill()
        for number in 0..<200 {
            let expected: [ClaimAnswer] = number % 2 == 0 ? [.finished(outcome: [1])] : [.claimedInDoubt]
            #expect(try await killed.engine.claim(self.claim(number, owner: self.two)) == expected)
        }
        await fixture.engine.close()
        await killed.engine.close()
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
