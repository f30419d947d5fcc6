import ApusCore
import Backends
import Testing

/// What every ``WorkerRegistry`` guarantees.
@Suite struct WorkerRegistryContract {
    @Test(arguments: ThrottlingImplementation.allCases) func showsTheNewestSummaryOfTheLiving(on implementation: ThrottlingImplementation)
        async throws
    {
        try await implementation.withEngine { engine, clocks in
            let one = WorkerID("one"), two = WorkerID("two")
            #expect(try await engine.summaries() == [:])
            try await engine.heartbeat(one, summary: [1])
            clocks.advance(.seconds(6))
            try await engine.heartbeat(two, summary: [2])
            try await engine.heartbeat(two, summary: [3])
            #expect(try await engine.summaries() == [one: [1], two: [3]])
            clocks.advance(.seconds(5))
            #expect(try await engine.summaries() == [two: [3]])
            try await engine.leave(two)
            #expect(try await engine.summaries() == [:])
            await #expect(throws: ThrottlingError.self) {
                try await engine.heartbeat(one, summary: [UInt8](repeating: 0, count: (1 << 20) + 1))
            }
        }
    }
}
