import Delivery
import Testing

/// The lanes of a worker as transcripts. Lanes are called after their keys here.
@Suite struct LaneTableTests {
    typealias Table = LaneTable<String, String>

    func table(lanes: Int = 100, connections: Int = 100) -> Table {
        var limits = Table.Limits()
        limits.lanes = lanes
        limits.connections = connections
        return Table(limits: limits)
    }

    /// - Returns: the lane's id and who made room for it; nil when there is none.
    func enter(_ key: String, _ table: inout Table) -> (id: Table.ID, reclaimed: String?)? {
        switch table.enter(key, make: { _ in key }) {
        case .lane(let lane, let id, let reclaimed):
            #expect(lane == key)
            return (id, reclaimed)
        case .full: return nil
        }
    }

    /// As ``enter(_:_:)``, where there is room.
    func made(_ key: String, _ table: inout Table) throws -> (id: Table.ID, reclaimed: String?) {
        let entered = self.enter(key, &table)
        return try #require(entered)
    }

    /// What ``LaneTable/takeConnection(_:)`` says, in a word.
    func take(_ id: Table.ID, _ table: inout Table) -> String {
        switch table.takeConnection(id) {
        case .granted: "granted"
        case .wait(nil): "wait"
        case .wait(let shed?): "wait for \(shed)"
        }
    }

    // MARK: - Lanes

    @Test func laneIsSharedAndKept() throws {
        var table = self.table(lanes: 1)
        let first = try self.made("a", &table)
        let again = try self.made("a", &table)
        #expect(first.id == again.id && table.count == 1)
        _ = table.leave(first.id)
        _ = table.leave(first.id)
        same(try self.made("a", &table).id, first.id)
    }

    @Test func laneOutOfUseLongestMakesRoom() throws {
        var table = self.table(lanes: 3)
        let a = try self.made("a", &table)
        let b = try self.made("b", &table)
        let c = try self.made("c", &table)
        _ = table.leave(b.id)
        _ = table.leave(a.id)
        _ = table.leave(c.id)
        // Used again: not the oldest any more.
        _ = table.leave(try self.made("b", &table).id)
        same(try self.made("d", &table).reclaimed, "a")
        same(try self.made("e", &table).reclaimed, "c")
        same(try self.made("f", &table).reclaimed, "b")
        #expect(table.count == 3)
        holds(self.enter("a", &table) == nil)
    }

    @Test func lanesInUseAreNotReclaimed() throws {
        var table = self.table(lanes: 2)
        let a = try self.made("a", &table)
        _ = self.enter("a", &table)
        _ = self.enter("b", &table)
        holds(self.enter("c", &table) == nil)
        _ = table.leave(a.id)
        holds(self.enter("c", &table) == nil)
        _ = table.leave(a.id)
        let c = try self.made("c", &table)
        #expect(c.reclaimed == "a" && c.id != a.id)
        // Late words of the old life change nothing.
        _ = table.leave(a.id)
        table.remove(a.id)
        #expect(table.count == 2)
    }

    @Test func laneThatEndsByItselfMakesRoom() throws {
        var table = self.table(lanes: 1)
        let a = try self.made("a", &table)
        table.remove(a.id)
        let b = try self.made("b", &table)
        #expect(b.reclaimed == nil)
    }

    // MARK: - Connections

    @Test func laneWithoutConnectionComesFirst() throws {
        var table = self.table(connections: 2)
        let a = try self.made("a", &table).id
        let b = try self.made("b", &table).id
        same(self.take(a, &table), "granted")
        same(self.take(a, &table), "granted")
        // One more for the busy one, and then one for the one that has none.
        same(self.take(a, &table), "wait")
        #expect(table.isShort)
        same(self.take(b, &table), "wait")
        #expect(table.isShort)
        #expect(table.lanesWaiting == 2)
        // The busy one gives one up after its next message, and only one.
        holds(table.yields(a, isSpare: false, hasServed: false))
        holds(!table.yields(a, isSpare: false, hasServed: false))
        same(table.releaseConnection(a), "b")
        #expect(table.connections == 2)
        // Now it is the busy one's turn again.
        same(table.releaseConnection(b), "a")
        same(table.releaseConnection(a), nil)
        same(table.releaseConnection(a), nil)
        #expect(table.connections == 0 && table.lanesWaiting == 0 && !table.isShort)
    }

    @Test func laneWithOneConnectionKeepsItForAWhile() throws {
        var table = self.table(connections: 1)
        let a = try self.made("a", &table).id
        let b = try self.made("b", &table).id
        _ = self.take(a, &table)
        same(self.take(b, &table), "wait")
        holds(!table.yields(a, isSpare: false, hasServed: false))
        holds(table.yields(a, isSpare: false, hasServed: true))
        same(table.releaseConnection(a), "b")
        // Nobody waits any more.
        holds(!table.yields(b, isSpare: true, hasServed: true))
    }

    @Test func connectionThatIsNotUsedIsGivenUp() throws {
        var table = self.table(connections: 2)
        let a = try self.made("a", &table).id
        let b = try self.made("b", &table).id
        _ = self.take(a, &table)
        _ = self.take(b, &table)
        same(self.take(b, &table), "wait")
        // For a lane that has one already only what is not used.
        holds(!table.yields(a, isSpare: false, hasServed: true))
        holds(table.yields(a, isSpare: true, hasServed: false))
        holds(!table.yields(a, isSpare: true, hasServed: false))
        same(table.releaseConnection(a), "b")
        // It was idle when it came out of use, and others wait by then.
        let c = try self.made("c", &table).id
        same(self.take(c, &table), "wait")
        same(table.leave(b), "b")
        same(table.releaseConnection(b), "c")
    }

    @Test func laneOutOfUseClosesWhatItHas() throws {
        var table = self.table(connections: 2)
        let a = try self.made("a", &table).id
        let b = try self.made("b", &table).id
        let c = try self.made("c", &table).id
        _ = self.take(b, &table)
        _ = self.take(a, &table)
        _ = table.leave(a)
        _ = table.leave(b)
        // Once each, the one out of use longest first.
        same(self.take(c, &table), "wait for a")
        same(self.take(c, &table), "wait for b")
        same(self.take(c, &table), "wait")
        same(table.releaseConnection(a), "c")
        same(table.releaseConnection(b), "c")
        same(table.releaseConnection(c), "c")
        #expect(table.connections == 2)
    }

    @Test func lanesTakeTurns() throws {
        var table = self.table(connections: 1)
        let ids = try ["a", "b", "c"].map { try self.made($0, &table).id }
        _ = self.take(ids[0], &table)
        for id in [ids[1], ids[1], ids[2], ids[2]] { _ = self.take(id, &table) }
        same(table.releaseConnection(ids[0]), "b")
        same(table.releaseConnection(ids[1]), "c")
        same(table.releaseConnection(ids[2]), "b")
        same(table.releaseConnection(ids[1]), "c")
        same(table.releaseConnection(ids[2]), nil)
    }

    @Test func whatIsNotWantedAnyMoreIsNotGiven() throws {
        var table = self.table(connections: 1)
        let a = try self.made("a", &table).id
        let b = try self.made("b", &table).id
        _ = self.take(a, &table)
        _ = self.take(b, &table)
        _ = self.take(b, &table)
        table.withdraw(b, 2)
        #expect(!table.isShort && table.lanesWaiting == 0)
        same(table.releaseConnection(a), nil)
        // The lane goes while it waits: likewise.
        _ = self.take(a, &table)
        _ = self.take(b, &table)
        table.remove(b)
        #expect(!table.isShort)
        same(table.releaseConnection(a), nil)
        #expect(table.connections == 0)
    }

    /// A lane that has been reclaimed says QUIT, and its connections count until they are closed.
    @Test func connectionsOfALaneThatIsGoneCount() throws {
        var table = self.table(lanes: 1, connections: 1)
        let a = try self.made("a", &table).id
        _ = self.take(a, &table)
        _ = table.leave(a)
        let b = try self.made("b", &table)
        #expect(b.reclaimed == "a")
        same(self.take(b.id, &table), "wait")
        same(table.releaseConnection(a), "b")
        #expect(table.connections == 1)
    }

    /// Whatever happens, the bounds hold and nobody who waits is forgotten.
    @Test func storm() throws {
        var table = self.table(lanes: 8, connections: 5)
        var random = SplitMix(state: 7)
        var inUse: [Table.ID: Int] = [:]
        var held: [Table.ID: Int] = [:]
        var wanted: [Table.ID: Int] = [:]
        var names: [String: Table.ID] = [:]
        for _ in 0..<20_000 {
            switch random.next() % 5 {
            case 0:
                let key = "\(random.next() % 20)"
                guard let entered = self.enter(key, &table) else {
                    #expect(inUse.values.count { $0 > 0 } == 8)
                    continue
                }
                if let gone = entered.reclaimed.flatMap({ names[$0] }) {
                    #expect(inUse[gone, default: 0] == 0)
                    wanted[gone] = nil
                }
                names[key] = entered.id
                inUse[entered.id, default: 0] += 1
            case 1:
                guard let id = inUse.filter({ $0.value > 0 }).keys.sorted().randomElement(using: &random) else { continue }
                inUse[id]! -= 1
                _ = table.leave(id)
            case 2:
                guard let id = inUse.filter({ $0.value > 0 }).keys.sorted().randomElement(using: &random) else { continue }
                if self.take(id, &table) == "granted" { held[id, default: 0] += 1 } else { wanted[id, default: 0] += 1 }
            case 3:
                guard let id = held.filter({ $0.value > 0 }).keys.sorted().randomElement(using: &random) else { continue }
                held[id]! -= 1
                if let next = table.releaseConnection(id).flatMap({ names[$0] }) {
                    #expect(wanted[next, default: 0] > 0)
                    wanted[next]! -= 1
                    held[next, default: 0] += 1
                } else {
                    #expect(wanted.values.allSatisfy { $0 == 0 })
                }
            default:
                guard let id = wanted.filter({ $0.value > 0 }).keys.sorted().randomElement(using: &random) else { continue }
                table.withdraw(id, 1)
                wanted[id]! -= 1
            }
            #expect(table.count <= 8 && table.connections <= 5)
            #expect(table.connections == held.values.reduce(0, +))
            #expect(table.lanesWaiting == wanted.values.count { $0 > 0 })
            #expect(table.isShort == wanted.values.contains { $0 > 0 })
        }
    }
}
