import PostgresClient
import Testing

@Suite struct PoolMachineTests {
    private let start = ContinuousClock.now
    private var machine = PoolMachine(
        .init(
            maximumConnections: 2, maximumWaiting: 3, maximumWaitingBytes: 1_000, acquireTimeout: .seconds(5), idleTimeout: .seconds(60),
            backoff: .init(initial: .milliseconds(100), maximum: .seconds(1))))

    private static func text(_ actions: [PoolMachine.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .connect(let link): "connect \(link)"
            case .grant(let link, let call): "grant \(link) to \(call)"
            case .fail(let call, let error): "fail \(call) \(error.code)"
            case .close(let link): "close \(link)"
            }
        }
    }

    @Test mutating func connectsForThoseWhoWaitAndNoMore() {
        #expect(Self.text(machine.acquire(1, bytes: 0, now: start)) == ["connect 1"])
        #expect(Self.text(machine.acquire(2, bytes: 0, now: start)) == ["connect 2"])
        #expect(Self.text(machine.acquire(3, bytes: 0, now: start)) == [])
        #expect(Self.text(machine.acquire(4, bytes: 0, now: start)) == ["fail 4 overloaded"])
        #expect(Self.text(machine.connected(2, now: start)) == ["grant 2 to 1"])
        #expect(Self.text(machine.release(2, now: start)) == ["grant 2 to 2"])
        #expect(Self.text(machine.release(2, now: start)) == ["grant 2 to 3"])
        #expect(Self.text(machine.connected(1, now: start)) == [])
        #expect(Self.text(machine.acquire(5, bytes: 2_000, now: start)) == ["grant 1 to 5"])
        #expect(Self.text(machine.acquire(6, bytes: 1_001, now: start)) == ["fail 6 overloaded"])
    }

    @Test mutating func failsAtOnceWhileNothingIsToBeHad() {
        _ = machine.acquire(1, bytes: 0, now: start)
        let error = PostgresError(.unreachable, "refused")
        #expect(Self.text(machine.connectFailed(1, error, jitter: 0, now: start)) == ["fail 1 unreachable"])
        #expect(Self.text(machine.acquire(2, bytes: 0, now: start + .milliseconds(99))) == ["fail 2 unreachable"])
        // After the pause one connection finds out, and another failure doubles the pause.
        #expect(Self.text(machine.acquire(3, bytes: 0, now: start + .milliseconds(100))) == ["connect 2"])
        #expect(Self.text(machine.acquire(4, bytes: 0, now: start + .milliseconds(100))) == [])
        #expect(
            Self.text(machine.connectFailed(2, error, jitter: 0, now: start + .milliseconds(100))) == ["fail 3 unreachable", "fail 4 unreachable"])
        #expect(Self.text(machine.acquire(5, bytes: 0, now: start + .milliseconds(299))) == ["fail 5 unreachable"])
        #expect(Self.text(machine.acquire(6, bytes: 0, now: start + .milliseconds(300))) == ["connect 3"])
        #expect(Self.text(machine.connected(3, now: start + .milliseconds(301))) == ["grant 3 to 6"])
    }

    @Test mutating func othersServeThoseWhoWaitWhenOneFails() {
        _ = machine.acquire(1, bytes: 0, now: start)
        _ = machine.connected(1, now: start)
        #expect(Self.text(machine.acquire(2, bytes: 0, now: start)) == ["connect 2"])
        #expect(Self.text(machine.connectFailed(2, PostgresError(.unreachable, ""), jitter: 0, now: start)) == [])
        #expect(machine.nextDeadline == start + .milliseconds(100))
        #expect(Self.text(machine.tick(now: start + .milliseconds(99))) == [])
        #expect(Self.text(machine.tick(now: start + .milliseconds(100))) == ["connect 3"])
        // It is on its way: nothing to wake up for but the one who waits.
        #expect(machine.nextDeadline == start + .seconds(5))
        #expect(Self.text(machine.release(1, now: start)) == ["grant 1 to 2"])
    }

    @Test mutating func waitingEndsAndIdleConnectionsGo() {
        _ = machine.acquire(1, bytes: 10, now: start)
        _ = machine.acquire(2, bytes: 10, now: start + .seconds(1))
        #expect(Self.text(machine.tick(now: start + .seconds(5))) == ["fail 1 timeout"])
        let results = [machine.withdraw(2), machine.withdraw(2)]
        #expect(results == [true, false])
        #expect(machine.waitingCount == 0)
        _ = machine.connected(1, now: start + .seconds(6))
        #expect(machine.nextDeadline == start + .seconds(66))
        #expect(Self.text(machine.tick(now: start + .seconds(66))) == ["close 1"])
        // The second is still being made.
        #expect(machine.linkCount == 1)
    }

    @Test mutating func aLostConnectionIsReplacedForThoseWhoWait() {
        _ = machine.acquire(1, bytes: 0, now: start)
        _ = machine.acquire(2, bytes: 0, now: start)
        _ = machine.acquire(3, bytes: 0, now: start)
        _ = machine.connected(1, now: start)
        _ = machine.connected(2, now: start)
        #expect(Self.text(machine.lost(1, now: start)) == ["connect 3"])
        #expect(Self.text(machine.lost(2, now: start)) == [])
    }

    @Test mutating func closingEndsWaitsAndIdleConnections() {
        _ = machine.acquire(1, bytes: 0, now: start)
        _ = machine.acquire(2, bytes: 0, now: start)
        _ = machine.connected(1, now: start)
        #expect(Self.text(machine.close()) == ["fail 2 closed"])
        #expect(Self.text(machine.connected(2, now: start)) == ["close 2"])
        #expect(Self.text(machine.release(1, now: start)) == ["close 1"])
        #expect(Self.text(machine.acquire(3, bytes: 0, now: start)) == ["fail 3 closed"])
        #expect(machine.linkCount == 0)
    }
}
