internal import ApusSchema
internal import NIOCore

/// What waits in a lane: transactional messages before bulk ones, in each class accounts by turns, and in each account campaigns by turns.
struct LaneQueue: Sendable {
    /// A message that waits.
    struct Waiting: Sendable {
        var message: UInt64
        var deliveryClass: Topics.DeliveryClass
        var account: String
        var campaign: String
        /// What its turn costs: about as much as a recipient each.
        var cost: Int
        var octets: Int
        var since: NIODeadline
        /// Its transaction was begun once, on a connection that was stale.
        var wasStarted = false
    }

    private typealias Accounts = DeficitRound<String, DeficitRound<String, CostedFIFO<Waiting>>>

    private var transactional = Accounts()
    private var bulk = Accounts()

    var count: Int { self.transactional.count + self.bulk.count }
    var octets: Int { self.transactional.octets + self.bulk.octets }
    var isEmpty: Bool { self.count == 0 }

    func count(of deliveryClass: Topics.DeliveryClass) -> Int {
        deliveryClass == .bulk ? self.bulk.count : self.transactional.count
    }

    /// What an account has waiting in a class.
    func waiting(of account: String, _ deliveryClass: Topics.DeliveryClass) -> (count: Int, octets: Int) {
        deliveryClass == .bulk ? self.bulk.waiting(of: account) : self.transactional.waiting(of: account)
    }

    /// How many messages go before one more of this account, at most and about.
    func ahead(of account: String, _ deliveryClass: Topics.DeliveryClass) -> Int {
        let accounts = deliveryClass == .bulk ? self.bulk : self.transactional
        let own = accounts.waiting(of: account).count
        let (turns, overflow) = (own + 1).multipliedReportingOverflow(by: accounts.flowCount + (own == 0 ? 1 : 0))
        return (deliveryClass == .bulk ? self.transactional.count : 0) + min(overflow ? Int.max : turns - 1, accounts.count)
    }

    /// - Parameter isNext: whether it is the next one of its class: it has had its turn before.
    mutating func insert(_ waiting: Waiting, isNext: Bool = false) {
        func insert(into accounts: inout Accounts) {
            accounts.insert(into: waiting.account, isNext: isNext) { campaigns in
                campaigns.insert(into: waiting.campaign, isNext: isNext) { queue in
                    queue.insert(waiting, cost: waiting.cost, octets: waiting.octets, isNext: isNext)
                }
            }
        }
        if waiting.deliveryClass == .bulk { insert(into: &self.bulk) } else { insert(into: &self.transactional) }
    }

    /// Takes the next one.
    ///
    /// - Parameter takesBulk: whether it may be a bulk message.
    mutating func popFirst(takesBulk: Bool) -> Waiting? {
        if let waiting = self.transactional.popFirst() { return waiting }
        return takesBulk ? self.bulk.popFirst() : nil
    }

    /// Takes out every message that fits; each is asked about once, transactional ones first.
    mutating func removeAll(where shouldRemove: (Waiting) -> Bool) -> [Waiting] {
        var removed: [Waiting] = []
        self.transactional.removeAll(where: shouldRemove, into: &removed)
        self.bulk.removeAll(where: shouldRemove, into: &removed)
        return removed
    }
}
