internal import DequeModule

/// Which lanes there are and how many connections they have between them, as a pure state machine: both are bounded for a whole worker.
///
/// A lane is in use while messages are on their way through it. When there are as many lanes as may be, the one that has been out of use
/// longest makes room for a new one. When there are as many connections as may be, lanes wait for one in their order, those that have
/// none at all first: connections that are not used are given up for them, a lane with several gives one up after its next message, and a
/// lane with one when it has sent a few.
///
/// ```
/// enter(a)           → made a
/// takeConnection(a)  → granted
/// leave(a)
/// enter(b)           → made b                 (a is let go of where only one lane may be)
/// takeConnection(b)  → wait, shed a           (where only one connection may be)
/// releaseConnection(a) → grant b
/// ```
package struct LaneTable<Key: Hashable & Sendable, Lane: Sendable>: Sendable {
    /// Its bounds.
    package struct Limits: Hashable, Sendable {
        /// Lanes at most.
        package var lanes = 10_000
        /// Connections of all lanes at most, those being opened and those being closed included.
        package var connections = 2_000

        package init() {}
    }

    /// One life of a lane; a key may have several after each other.
    package typealias ID = UInt64

    /// The answer of ``enter(_:make:)``.
    package enum Entrance {
        /// Use this one; `reclaimed` has made room for it and is to be closed.
        case lane(Lane, ID, reclaimed: Lane?)
        /// There is no room, and every lane is in use.
        case full
    }

    /// The answer of ``takeConnection(_:)``.
    package enum Connection {
        case granted
        /// It comes by ``releaseConnection(_:)``. `shed` is to close what it has open and does not use.
        case wait(shed: Lane?)
    }

    private struct Entry {
        var key: Key
        var lane: Lane
        /// Messages on their way through it.
        var users = 0
        /// Open, being opened, or not quite closed.
        var connections = 0
        /// Connections that it waits for.
        var wanted = 0
        /// When it was last in use: the number of the stamp.
        var stamp: UInt64 = 0
        /// Where it stands in line for a connection.
        var isInStarving = false
        var isInWanting = false

        var isStarving: Bool { self.wanted > 0 && self.connections == 0 }
    }

    private let limits: Limits
    private var ids: [Key: ID] = [:]
    private var entries: [ID: Entry] = [:]
    private var nextID: ID = 1
    private var nextStamp: UInt64 = 1
    /// Lanes out of use, the one out of use longest first; a stamp that is not the lane's any more does not count.
    private var unused: Deque<(id: ID, stamp: UInt64)> = []
    /// Those of them that had connections.
    private var spare: Deque<(id: ID, stamp: UInt64)> = []
    /// Lanes that wait for a connection and have none, and that wait for one more, each once; those that want nothing any more do not count.
    private var starving: Deque<ID> = []
    private var wanting: Deque<ID> = []
    /// Lanes of the first kind, and of both.
    private var starvingLanes = 0
    private var waitingLanes = 0
    /// Connections that are being given up for them.
    private var yielding = 0

    /// Connections of all lanes.
    package private(set) var connections = 0

    package init(limits: Limits) {
        self.limits = limits
    }

    package var count: Int { self.entries.count }
    package var lanes: [Lane] { self.entries.values.map(\.lane) }
    /// Whether lanes wait for which nothing is being given up yet.
    package var isShort: Bool { self.waitingLanes > self.yielding }
    /// How many lanes wait for a connection.
    package var lanesWaiting: Int { self.waitingLanes }

    // MARK: - Lanes

    /// A message wants to go down a lane; ``leave(_:)`` follows.
    package mutating func enter(_ key: Key, make: (ID) -> Lane) -> Entrance {
        if let id = self.ids[key], let lane = self.entries[id]?.lane {
            self.entries[id]?.users += 1
            return .lane(lane, id, reclaimed: nil)
        }
        var reclaimed: Lane?
        if self.entries.count >= self.limits.lanes {
            guard let id = self.nextUnused() else { return .full }
            reclaimed = self.remove(id)
        }
        let id = self.nextID
        self.nextID += 1
        let lane = make(id)
        self.ids[key] = id
        self.entries[id] = Entry(key: key, lane: lane, users: 1)
        return .lane(lane, id, reclaimed: reclaimed)
    }

    /// A message has left a lane.
    ///
    /// - Returns: the lane, when it is to close what it has open, for it does not use it any more and others wait.
    package mutating func leave(_ id: ID) -> Lane? {
        guard let users = self.entries[id]?.users, users > 0 else { return nil }
        self.entries[id]?.users = users - 1
        guard users == 1 else { return nil }
        let stamp = self.nextStamp
        self.nextStamp += 1
        self.entries[id]?.stamp = stamp
        self.unused.append((id, stamp))
        self.compact()
        guard let connections = self.entries[id]?.connections, connections > 0 else { return nil }
        if self.isShort { return self.entries[id]?.lane }
        self.spare.append((id, stamp))
        return nil
    }

    /// A lane has come to its end by itself. Its connections may still be closing.
    @discardableResult
    package mutating func remove(_ id: ID) -> Lane? {
        guard let entry = self.entries[id] else { return nil }
        self.withdraw(id, entry.wanted)
        self.entries[id] = nil
        if self.ids[entry.key] == id { self.ids[entry.key] = nil }
        return entry.lane
    }

    /// Forgets every lane.
    package mutating func removeAll() -> [Lane] {
        self.entries.keys.compactMap { self.remove($0) }
    }

    // MARK: - Connections

    /// A lane wants to open a connection; ``releaseConnection(_:)`` follows, or ``withdraw(_:_:)``.
    package mutating func takeConnection(_ id: ID) -> Connection {
        guard self.entries[id] != nil, self.connections >= self.limits.connections else {
            self.connections += 1
            self.change(id) { $0.connections += 1 }
            return .granted
        }
        self.change(id) { $0.wanted += 1 }
        self.queue(id)
        while let first = self.spare.popFirst() {
            guard let entry = self.entries[first.id], entry.stamp == first.stamp, entry.users == 0, entry.connections > 0 else { continue }
            return .wait(shed: entry.lane)
        }
        return .wait(shed: nil)
    }

    /// A connection is closed, or was not opened after all.
    ///
    /// - Parameter id: the lane's, which may have been removed meanwhile.
    /// - Returns: the lane that has one of those it waits for, now.
    package mutating func releaseConnection(_ id: ID) -> Lane? {
        self.connections -= 1
        self.yielding = max(self.yielding - 1, 0)
        self.change(id) { $0.connections = max($0.connections - 1, 0) }
        // What it waits for is its only hope now.
        self.queue(id)
        guard self.connections < self.limits.connections, let next = self.nextInLine() else { return nil }
        self.connections += 1
        self.change(next) {
            $0.connections += 1
            $0.wanted -= 1
        }
        self.queue(next)
        return self.entries[next]?.lane
    }

    /// A lane does not want connections any more that it waits for.
    package mutating func withdraw(_ id: ID, _ count: Int) {
        self.change(id) { $0.wanted = max($0.wanted - count, 0) }
    }

    /// A lane has finished a message: whether it is to give that connection up for another lane.
    ///
    /// - Parameters:
    ///   - isSpare: whether it has nothing more for the connection to do.
    ///   - hasServed: whether the connection has sent so many messages that giving it up is no waste.
    package mutating func yields(_ id: ID, isSpare: Bool, hasServed: Bool) -> Bool {
        guard let entry = self.entries[id], isSpare || hasServed || entry.connections > 1 else { return false }
        guard (isSpare ? self.waitingLanes : self.starvingLanes) > self.yielding else { return false }
        self.yielding += 1
        return true
    }

    // MARK: - Order

    private mutating func change(_ id: ID, _ body: (inout Entry) -> Void) {
        guard var entry = self.entries[id] else { return }
        if entry.isStarving { self.starvingLanes -= 1 }
        if entry.wanted > 0 { self.waitingLanes -= 1 }
        body(&entry)
        if entry.isStarving { self.starvingLanes += 1 }
        if entry.wanted > 0 { self.waitingLanes += 1 }
        self.entries[id] = entry
    }

    /// Puts a lane in line for a connection, if it wants one.
    private mutating func queue(_ id: ID) {
        guard let entry = self.entries[id], entry.wanted > 0 else { return }
        if entry.connections == 0 {
            guard !entry.isInStarving else { return }
            self.entries[id]?.isInStarving = true
            self.starving.append(id)
        } else {
            guard !entry.isInWanting else { return }
            self.entries[id]?.isInWanting = true
            self.wanting.append(id)
        }
    }

    private mutating func nextInLine() -> ID? {
        while let id = self.starving.popFirst() {
            self.entries[id]?.isInStarving = false
            guard let entry = self.entries[id], entry.wanted > 0 else { continue }
            if entry.isStarving { return id }
            self.queue(id)
        }
        while let id = self.wanting.popFirst() {
            self.entries[id]?.isInWanting = false
            if let entry = self.entries[id], entry.wanted > 0 { return id }
        }
        return nil
    }

    private mutating func nextUnused() -> ID? {
        while let first = self.unused.popFirst() {
            if let entry = self.entries[first.id], entry.stamp == first.stamp, entry.users == 0 { return first.id }
        }
        return nil
    }

    /// Drops what does not count once that is most.
    private mutating func compact() {
        let entries = self.entries
        let bound = entries.count * 2 + 64
        func isStale(_ place: (id: ID, stamp: UInt64)) -> Bool {
            entries[place.id].map { $0.stamp != place.stamp || $0.users > 0 } ?? true
        }
        if self.unused.count > bound { self.unused.removeAll(where: isStale) }
        if self.spare.count > bound { self.spare.removeAll(where: isStale) }
    }
}
