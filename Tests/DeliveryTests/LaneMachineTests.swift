import Delivery
import NIOCore
import Testing

/// Lanes as transcripts.
@Suite struct LaneMachineTests {
    typealias Action = LaneMachine.Action

    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    func machine(_ change: (inout LaneLimits) -> Void = { _ in }) -> LaneMachine {
        var limits = LaneLimits()
        change(&limits)
        return LaneMachine(limits: limits)
    }

    func at(_ seconds: Double) -> NIODeadline { self.start + .nanoseconds(Int64(seconds * 1e9)) }

    @Test func oneMessage() {
        var lane = self.machine()
        same(lane.enqueue(1, owner: "a", octets: 10, now: self.at(0)), [.connect(connection: 1)])
        #expect(lane.isConnecting)
        same(lane.connected(1, now: self.at(1)), [.start(message: 1, connection: 1)])
        #expect(lane.active == 1)
        #expect(lane.waitingOctets == 0)
        same(lane.finished(1, isReusable: true, now: self.at(2)), [])
        #expect(lane.openConnections == 1)
        same(lane.tick(now: self.at(31)), [])
        same(lane.tick(now: self.at(32)), [.quit(connection: 1)])
        #expect(lane.isEmpty)
    }

    @Test func connectionIsUsedAgainUpToItsLimit() {
        var lane = self.machine {
            $0.messagesPerConnection = 2
            $0.connections = 1
        }
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        same(lane.connected(1, now: self.at(0)), [.start(message: 1, connection: 1)])
        same(lane.enqueue(2, owner: "a", octets: 1, now: self.at(0)), [])
        same(lane.finished(1, isReusable: true, now: self.at(0)), [.start(message: 2, connection: 1)])
        same(lane.enqueue(3, owner: "a", octets: 1, now: self.at(0)), [])
        same(lane.finished(1, isReusable: true, now: self.at(0)), [.quit(connection: 1), .connect(connection: 2)])
        same(lane.connected(2, now: self.at(0)), [.start(message: 3, connection: 2)])
    }

    @Test func connectionsGrowFromAFewToTheLimit() {
        var lane = self.machine {
            $0.initialConnections = 2
            $0.connections = 5
        }
        var connects = 0
        for message in 1...20 {
            connects += lane.enqueue(UInt64(message), owner: "a", octets: 1, now: self.at(0)).count
        }
        #expect(connects == 2)
        let more = lane.connected(1, now: self.at(0))
        #expect(more == [.start(message: 1, connection: 1), .connect(connection: 3), .connect(connection: 4)])
        same(lane.connected(2, now: self.at(0)), [.start(message: 2, connection: 2), .connect(connection: 5)])
        #expect(lane.openConnections == 5)
        same(lane.connected(3, now: self.at(0)), [.start(message: 3, connection: 3)])
    }

    @Test func noMoreConnectionsThanMessages() {
        var lane = self.machine()
        same(lane.enqueue(1, owner: "a", octets: 1, now: self.at(0)).count, 1)
        same(lane.connected(1, now: self.at(0)), [.start(message: 1, connection: 1)])
        same(lane.finished(1, isReusable: true, now: self.at(0)), [])
        same(lane.enqueue(2, owner: "a", octets: 1, now: self.at(0)), [.start(message: 2, connection: 1)])
    }

    @Test func unreachableSiteFailsWhatWaitsAndIsLeftAlone() {
        var lane = self.machine { $0.initialConnections = 2 }
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        _ = lane.enqueue(2, owner: "a", octets: 1, now: self.at(0))
        _ = lane.enqueue(3, owner: "b", octets: 1, now: self.at(0))
        same(lane.connectFailed(1, now: self.at(1)), [])
        let opens = self.at(6)
        same(Set(lane.connectFailed(2, now: self.at(1))), Set((1...3).map { Action.fail(message: $0, opensAt: opens) }))
        #expect(lane.waiting == 0 && lane.waitingOctets == 0)
        // Nothing is asked of it until then.
        same(lane.enqueue(4, owner: "a", octets: 1, now: self.at(5)), [.fail(message: 4, opensAt: opens)])
        #expect(lane.backoffEnd(now: self.at(5)) == opens)
        // One probe, and twice the pause when that fails too.
        same(lane.enqueue(5, owner: "a", octets: 1, now: self.at(6)), [.connect(connection: 3)])
        same(lane.enqueue(6, owner: "a", octets: 1, now: self.at(6)), [])
        same(Set(lane.connectFailed(3, now: self.at(7))), [.fail(message: 5, opensAt: self.at(17)), .fail(message: 6, opensAt: self.at(17))])
        // It answers again.
        same(lane.enqueue(7, owner: "a", octets: 1, now: self.at(20)), [.connect(connection: 4)])
        same(lane.connected(4, now: self.at(20)), [.start(message: 7, connection: 4)])
        #expect(lane.backoffEnd(now: self.at(20)) == nil)
    }

    /// No descriptor, no port: the site is not to blame, and no attempt is over.
    @Test func connectionThatThisSideCannotOpenFailsNobody() {
        var lane = self.machine { $0.initialConnections = 1 }
        same(lane.enqueue(1, owner: "a", octets: 1, now: self.at(0)), [.connect(connection: 1)])
        same(lane.connectFailed(1, isOurFault: true, now: self.at(0)), [.wake(at: self.at(5))])
        #expect(lane.waiting == 1)
        same(lane.enqueue(2, owner: "a", octets: 1, now: self.at(1)), [])
        same(lane.woken(now: self.at(5)), [.connect(connection: 2)])
        same(lane.connectFailed(2, isOurFault: true, now: self.at(5)), [.wake(at: self.at(10))])
        same(lane.woken(now: self.at(10)), [.connect(connection: 3)])
        same(lane.connected(3, now: self.at(10)).first, .start(message: 1, connection: 3))
    }

    /// A site that lets everybody wait for its first answer keeps a few messages and not all of them.
    @Test func fewWaitForASiteThatIsSlowToAnswer() {
        var lane = self.machine { $0.assuredWaiting = 3 }
        for message in 1...10 { _ = lane.enqueue(UInt64(message), owner: "a", octets: 1, now: self.at(0)) }
        #expect(lane.waiting == 10)
        same(lane.tick(now: self.at(4)), [])
        #expect(lane.tick(now: self.at(5)).count == 7)
        #expect(lane.waiting == 3)
        guard case .hold(message: 11, after: _)? = lane.enqueue(11, owner: "a", octets: 1, now: self.at(6)).first else {
            Issue.record("not held")
            return
        }
        // The first connection changes that.
        _ = lane.connected(1, now: self.at(7))
        holds(lane.enqueue(12, owner: "a", octets: 1, now: self.at(7)).isEmpty)
    }

    @Test func backoffIsBounded() {
        var lane = self.machine()
        var now = 0.0
        var last = TimeAmount.zero
        for message in 1...30 {
            let connection = UInt64(message)
            same(lane.enqueue(UInt64(message), owner: "a", octets: 1, now: self.at(now)), [.connect(connection: connection)])
            guard case .fail(_, let opens)? = lane.connectFailed(connection, now: self.at(now)).first else { Issue.record("no failure"); return }
            last = opens - self.at(now)
            now += Double(last.nanoseconds) / 1e9
        }
        #expect(last == .seconds(300))
    }

    @Test func refusedConnectionBesidesWorkingOnesIsAHint() {
        var lane = self.machine { $0.connections = 3 }
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        _ = lane.connected(1, now: self.at(0))
        same(lane.enqueue(2, owner: "a", octets: 1, now: self.at(0)), [.connect(connection: 2)])
        same(lane.connectFailed(2, now: self.at(1)), [])
        #expect(lane.waiting == 1)
        // The message goes over what works, and nothing new is tried for a while.
        same(lane.enqueue(3, owner: "a", octets: 1, now: self.at(2)), [])
        same(lane.finished(1, isReusable: true, now: self.at(2)), [.start(message: 2, connection: 1)])
        // What works goes away: the pause is waited for, not skipped.
        same(lane.finished(1, isReusable: false, now: self.at(3)), [.wake(at: self.at(6))])
        same(lane.enqueue(4, owner: "a", octets: 1, now: self.at(4)), [])
        same(lane.woken(now: self.at(6)), [.connect(connection: 3), .connect(connection: 4)])
    }

    @Test func staleConnectionGivesItsMessageBackToTheFront() {
        var lane = self.machine { $0.connections = 1 }
        _ = lane.enqueue(1, owner: "a", octets: 5, now: self.at(0))
        _ = lane.connected(1, now: self.at(0))
        _ = lane.finished(1, isReusable: true, now: self.at(0))
        same(lane.enqueue(2, owner: "a", octets: 5, now: self.at(1)), [.start(message: 2, connection: 1)])
        _ = lane.enqueue(3, owner: "a", octets: 5, now: self.at(1))
        same(lane.returned(1, now: self.at(1)), [.connect(connection: 2)])
        #expect(lane.waitingOctets == 10)
        same(lane.connected(2, now: self.at(1)), [.start(message: 2, connection: 2)])
    }

    @Test func waitIsBoundedByCountOctetsAndTime() {
        var lane = self.machine {
            $0.waiting = 2
            $0.waitingOctets = 100
            $0.patience = .seconds(30)
        }
        _ = lane.enqueue(1, owner: "a", octets: 10, now: self.at(0))
        _ = lane.enqueue(2, owner: "a", octets: 10, now: self.at(0))
        same(lane.enqueue(3, owner: "a", octets: 10, now: self.at(0)), [.hold(message: 3, after: .seconds(30))])
        var full = self.machine {
            $0.waitingOctets = 100
        }
        _ = full.enqueue(1, owner: "a", octets: 100, now: self.at(0))
        same(full.enqueue(2, owner: "a", octets: 1, now: self.at(0)), [.hold(message: 2, after: .seconds(30))])
        // Late ones leave, and their octets with them.
        same(full.tick(now: self.at(29.9)), [])
        same(full.tick(now: self.at(30)), [.hold(message: 1, after: .seconds(30))])
        #expect(full.waitingOctets == 0)
    }

    @Test func slowLaneTakesNoMoreThanItCanSendInTime() {
        var lane = self.machine {
            $0.connections = 1
            $0.assuredWaiting = 3
        }
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        _ = lane.connected(1, now: self.at(0))
        _ = lane.enqueue(2, owner: "a", octets: 1, now: self.at(0))
        // One in ten seconds.
        same(lane.finished(1, isReusable: true, now: self.at(10)), [.start(message: 2, connection: 1)])
        _ = lane.enqueue(3, owner: "a", octets: 1, now: self.at(10))
        _ = lane.enqueue(4, owner: "a", octets: 1, now: self.at(10))
        same(lane.finished(1, isReusable: true, now: self.at(20)), [.start(message: 3, connection: 1)])
        for message in 5...6 { same(lane.enqueue(UInt64(message), owner: "a", octets: 1, now: self.at(20)), []) }
        guard case .hold(7, let after)? = lane.enqueue(7, owner: "a", octets: 1, now: self.at(21)).first else { Issue.record("taken"); return }
        #expect(after > .seconds(20))
    }

    @Test func accountsTakeTurns() {
        var lane = self.machine { $0.connections = 1 }
        _ = lane.enqueue(1, owner: "bulk", octets: 1, now: self.at(0))
        for message in 2...50 { _ = lane.enqueue(UInt64(message), owner: "bulk", octets: 1, now: self.at(0)) }
        _ = lane.enqueue(99, owner: "small", octets: 1, now: self.at(0))
        same(lane.connected(1, now: self.at(0)), [.start(message: 1, connection: 1)])
        same(lane.finished(1, isReusable: true, now: self.at(0)), [.start(message: 99, connection: 1)])
        same(lane.finished(1, isReusable: true, now: self.at(0)), [.start(message: 2, connection: 1)])
    }

    @Test func stopGivesBackWhatWaitsAndFinishesWhatRuns() {
        var lane = self.machine { $0.connections = 2 }
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        _ = lane.connected(1, now: self.at(0))
        same(lane.enqueue(2, owner: "a", octets: 1, now: self.at(0)), [.connect(connection: 2)])
        same(lane.stop(), [.stop(message: 2)])
        same(lane.enqueue(3, owner: "a", octets: 1, now: self.at(0)), [.stop(message: 3)])
        same(lane.connected(2, now: self.at(0)), [.quit(connection: 2)])
        same(lane.finished(1, isReusable: true, now: self.at(0)), [.quit(connection: 1)])
        #expect(lane.isEmpty)
    }

    @Test func closedIdleConnectionIsForgotten() {
        var lane = self.machine()
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        _ = lane.connected(1, now: self.at(0))
        _ = lane.finished(1, isReusable: true, now: self.at(0))
        same(lane.closed(1, now: self.at(1)), [])
        same(lane.enqueue(2, owner: "a", octets: 1, now: self.at(2)), [.connect(connection: 2)])
    }

    @Test func inputsThatDoNotFitChangeNothing() {
        var lane = self.machine()
        same(lane.finished(7, isReusable: true, now: self.at(0)), [])
        same(lane.returned(7, now: self.at(0)), [])
        same(lane.closed(7, now: self.at(0)), [])
        same(lane.connectFailed(7, now: self.at(0)), [])
        same(lane.connected(7, now: self.at(0)), [.quit(connection: 7)])
        #expect(lane.isEmpty)
    }
}
