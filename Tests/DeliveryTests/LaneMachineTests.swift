import ApusSchema
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

    /// A destination that takes one message a second, and a backlog for hours: the lane is kept busy, and a message that waits costs the bus at most
    /// eight writes an hour.
    @Test func aBacklogForHoursIsHeldAtLittleCost() {
        let (messages, hours, arriving) = (50_000, 1, 500)
        var lane = self.machine { $0.connections = 1 }
        var (sent, writes, messageSeconds) = (0, 0, 0)
        var busy: UInt64?
        /// Those that come back, by the second.
        var back: [Int: [UInt64]] = [:]
        func carryOut(_ actions: [Action], _ second: Int) {
            for action in actions {
                switch action {
                case .connect(let connection): carryOut(lane.connected(connection, now: self.at(Double(second))), second)
                case .start(_, let connection): busy = connection
                case .hold(let message, let after):
                    var left = Duration.nanoseconds(after.nanoseconds)
                    back[second + Int((Double(after.nanoseconds) / 1e9).rounded(.up)), default: []].append(message)
                    while left > .zero {
                        left -= DelayLadder.standard.delay(of: DelayLadder.standard.largest(within: left))
                        writes += 1
                    }
                    // And the way back.
                    writes += 1
                case .quit, .wake: break
                case .fail, .stop: Issue.record("\(action)")
                }
            }
        }
        for second in 0..<hours * 3600 {
            let new = min(second * arriving, messages)..<min((second + 1) * arriving, messages)
            for message in new.map(UInt64.init) + (back.removeValue(forKey: second) ?? []) {
                carryOut(lane.enqueue(message, class: .bulk, owner: "a", octets: 2_000, now: self.at(Double(second))), second)
            }
            if let connection = busy {
                busy = nil
                sent += 1
                carryOut(lane.finished(connection, isReusable: true, now: self.at(Double(second))), second)
            }
            carryOut(lane.tick(now: self.at(Double(second))), second)
            messageSeconds += messages - sent
        }
        let perHour = Double(writes) * 3600 / Double(messageSeconds)
        #expect(sent >= hours * 3600 * 97 / 100, "\(sent)")
        #expect(perHour <= 8, "\(perHour)")
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

    @Test func campaignsOfAnAccountTakeTurns() {
        var lane = self.machine { $0.connections = 1 }
        for message in 1...3 { _ = lane.enqueue(UInt64(message), owner: "a", campaign: "spring", octets: 1, now: self.at(0)) }
        _ = lane.enqueue(10, owner: "a", campaign: "autumn", octets: 1, now: self.at(0))
        _ = lane.enqueue(20, owner: "b", octets: 1, now: self.at(0))
        _ = lane.enqueue(21, owner: "b", octets: 1, now: self.at(0))
        same(self.order(of: 6, &lane), [1, 20, 10, 21, 2, 3])
    }

    @Test func recipientsCost() {
        var lane = self.machine { $0.connections = 1 }
        for message in 1...10 {
            _ = lane.enqueue(UInt64(message), owner: "fifty", cost: 5, octets: 1, now: self.at(0))
            _ = lane.enqueue(UInt64(message + 100), owner: "one", octets: 1, now: self.at(0))
        }
        let order = self.order(of: 12, &lane)
        #expect(order.count { $0 > 100 } == 10 && order.count { $0 < 100 } == 2)
    }

    /// One after the other over one connection, from the first on.
    func order(of count: Int, _ lane: inout LaneMachine) -> [UInt64] {
        var order: [UInt64] = []
        var actions = lane.connected(1, now: self.at(0))
        while order.count < count {
            for case .start(let message, _) in actions { order.append(message) }
            actions = lane.finished(1, isReusable: true, now: self.at(0))
            if !actions.contains(where: { if case .start = $0 { true } else { false } }) { break }
        }
        return order
    }

    // MARK: - Classes

    @Test func transactionalGoesBeforeBulk() {
        var lane = self.machine { $0.connections = 1 }
        for message in 1...3 { _ = lane.enqueue(UInt64(message), class: .bulk, owner: "a", octets: 1, now: self.at(0)) }
        for message in 11...13 { _ = lane.enqueue(UInt64(message), owner: "b", octets: 1, now: self.at(0)) }
        same(self.order(of: 6, &lane), [11, 12, 13, 1, 2, 3])
    }

    @Test func bulkLeavesConnectionsToTransactional() {
        var lane = self.machine {
            $0.connections = 8
            $0.initialConnections = 8
        }
        for message in 1...100 { _ = lane.enqueue(UInt64(message), class: .bulk, owner: "a", octets: 1, now: self.at(0)) }
        // Six of eight, and no more are even opened.
        #expect(lane.openConnections == 6)
        for connection in 1...6 {
            same(lane.connected(UInt64(connection), now: self.at(0)), [.start(message: UInt64(connection), connection: UInt64(connection))])
        }
        // Every one of them may be a tarpit: a transactional message does not wait for it.
        same(lane.enqueue(500, owner: "b", octets: 1, now: self.at(1)), [.connect(connection: 7)])
        same(lane.connected(7, now: self.at(1)), [.start(message: 500, connection: 7)])
        // Nor does bulk take the connection that it leaves.
        same(lane.finished(7, isReusable: true, now: self.at(2)), [])
        same(lane.enqueue(501, owner: "b", octets: 1, now: self.at(2)), [.start(message: 501, connection: 7)])
        same(lane.finished(1, isReusable: true, now: self.at(2)), [.start(message: 7, connection: 1)])
    }

    @Test func whatBulkHadIsBulksAgainHoweverItEnded() {
        var lane = self.machine {
            $0.connections = 2
            $0.initialConnections = 2
        }
        for message in 1...4 { _ = lane.enqueue(UInt64(message), class: .bulk, owner: "a", octets: 1, now: self.at(0)) }
        same(lane.connected(1, now: self.at(0)), [.start(message: 1, connection: 1)])
        same(lane.skipped(1, now: self.at(0)), [.start(message: 2, connection: 1)])
        same(lane.returned(1, now: self.at(0)), [.connect(connection: 2)])
        same(lane.connected(2, now: self.at(0)), [.start(message: 2, connection: 2)])
        same(lane.finished(2, isReusable: false, now: self.at(0)), [.connect(connection: 3)])
        same(lane.connected(3, now: self.at(0)), [.start(message: 3, connection: 3)])
        same(lane.finished(3, isReusable: true, now: self.at(0)), [.start(message: 4, connection: 3)])
    }

    @Test func singleConnectionIsBulksAsWell() {
        var lane = self.machine { $0.connections = 1 }
        same(lane.enqueue(1, class: .bulk, owner: "a", octets: 1, now: self.at(0)), [.connect(connection: 1)])
        same(lane.connected(1, now: self.at(0)), [.start(message: 1, connection: 1)])
    }

    /// Ten transactional messages of one account leave within a second while 100,000 of another wait in the same lane: here at 400 a second.
    @Test func tenOfOneAccountDoNotWaitForAHundredThousandOfAnother() {
        for deliveryClass in [Topics.DeliveryClass.bulk, .transactional] {
            var lane = self.machine {
                $0.connections = 20
                $0.initialConnections = 20
                $0.waiting = 400_000
                $0.waitingOctets = 1 << 40
                $0.messagesPerConnection = 1_000_000
            }
            for message in 1...100_000 {
                _ = lane.enqueue(UInt64(message), class: deliveryClass, owner: "large", octets: 1000, now: self.at(0))
            }
            #expect(lane.waiting == 100_000)
            var busy: [UInt64: Double] = [:]
            var left: [UInt64: Double] = [:]
            func apply(_ actions: [Action], at time: Double) {
                for case .start(let message, let connection) in actions {
                    busy[connection] = time + 0.05
                    left[message] = time
                }
            }
            for connection in 1...20 { apply(lane.connected(UInt64(connection), now: self.at(0)), at: 0) }
            var hasCome = false
            while let next = busy.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }), next.value < 3 {
                if next.value >= 1, !hasCome {
                    hasCome = true
                    for message in 200_001...200_010 {
                        let actions = lane.enqueue(UInt64(message), owner: "small", octets: 1000, now: self.at(next.value))
                        for case .connect(let connection) in actions { apply(lane.connected(connection, now: self.at(next.value)), at: next.value) }
                        apply(actions, at: next.value)
                    }
                }
                busy[next.key] = nil
                apply(lane.finished(next.key, isReusable: true, now: self.at(next.value)), at: next.value)
            }
            let times = (200_001...200_010).compactMap { left[UInt64($0)] }
            #expect(times.count == 10)
            #expect(times.allSatisfy { $0 < 2 }, "\(deliveryClass): \(times)")
            #expect(lane.waiting > 90_000)
        }
    }

    // MARK: - Room

    @Test func accountLeavesRoomForOthers() {
        var lane = self.machine {
            $0.waiting = 100
            $0.assuredWaiting = 10
        }
        var taken = 0
        for message in 1...200 {
            if case .hold? = lane.enqueue(UInt64(message), owner: "large", octets: 1, now: self.at(0)).first { continue }
            taken += 1
        }
        // Half of what is left, each time.
        #expect(taken == 50)
        for message in 1001...1020 {
            let actions = lane.enqueue(UInt64(message), owner: "small", octets: 1, now: self.at(0))
            #expect(!actions.contains { if case .hold = $0 { true } else { false } })
        }
    }

    @Test func bulkLeavesRoomForTransactional() {
        var lane = self.machine { $0.waiting = 100 }
        for message in 1...200 { _ = lane.enqueue(UInt64(message), class: .bulk, owner: "\(message)", octets: 1, now: self.at(0)) }
        #expect(lane.waiting == 75)
        for message in 1001...1200 { _ = lane.enqueue(UInt64(message), owner: "\(message)", octets: 1, now: self.at(0)) }
        #expect(lane.waiting == 100)
    }

    // MARK: - Other lanes

    @Test func connectionGoesToALaneThatNeedsItMore() {
        var lane = self.machine {
            $0.connections = 2
            $0.initialConnections = 2
        }
        for message in 1...4 { _ = lane.enqueue(UInt64(message), owner: "a", octets: 1, now: self.at(0)) }
        _ = lane.connected(1, now: self.at(0))
        _ = lane.connected(2, now: self.at(0))
        // It wants another one at once; whether there is one is not decided here.
        same(lane.finished(1, isReusable: true, yields: true, now: self.at(0)), [.quit(connection: 1), .connect(connection: 3)])
        same(lane.connectCancelled(3, now: self.at(0)), [])
        same(lane.finished(2, isReusable: true, now: self.at(0)), [.start(message: 3, connection: 2), .connect(connection: 4)])
        #expect(lane.backoffEnd(now: self.at(0)) == nil)
    }

    @Test func idleConnectionsAreShed() {
        var lane = self.machine { $0.connections = 2 }
        _ = lane.enqueue(1, owner: "a", octets: 1, now: self.at(0))
        _ = lane.connected(1, now: self.at(0))
        same(lane.shed(), [])
        _ = lane.finished(1, isReusable: true, now: self.at(0))
        same(lane.shed(), [.quit(connection: 1)])
        #expect(lane.isEmpty)
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
