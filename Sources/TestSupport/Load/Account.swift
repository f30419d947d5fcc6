/// Every message of a load, accounted for: what its caller was told, against what the far side has and the events say.
package struct Account: Sendable, CustomStringConvertible {
    /// Calls answered with a MessageId.
    package let accepted: Int
    /// Accepted messages that the sink has.
    package let delivered: Int
    /// Accepted messages that the sink has not, with a Bounce event.
    package let bounced: Int
    /// Copies beyond the first of any message, answered or not.
    package let doubled: Int
    /// Calls without an answer.
    package let inDoubt: Int
    /// Calls without an answer whose message was delivered nevertheless.
    package let inDoubtDelivered: Int
    /// Accepted, and neither delivered nor bounced: load ids.
    package let lost: [String]
    /// Calls that were refused, with the errors.
    package let refused: [String]
    /// What the sink has and nobody sent: load ids.
    package let strangers: [String]
    /// Accepted and delivered without a Delivery event, or with one and not at the sink: load ids.
    package let misreported: [String]

    /// - Parameters:
    ///   - copies: load id to copies at the sinks.
    package init(ledger: LoadLedger, copies: [String: Int], events: [SESEvent]) {
        let contents = ledger.contents
        let bounces = Set(events.lazy.filter { $0.type == "Bounce" }.map(\.messageID))
        let deliveries = Set(events.lazy.filter { $0.type == "Delivery" }.map(\.messageID))
        let at = { (loadID: String) in copies[loadID] ?? 0 }
        self.accepted = contents.answered.count
        self.delivered = contents.answered.count { at($0.key) > 0 }
        self.bounced = contents.answered.count { at($0.key) == 0 && bounces.contains($0.value) }
        self.doubled = copies.values.reduce(0) { $0 + max($1 - 1, 0) }
        self.inDoubt = contents.unanswered.count
        self.inDoubtDelivered = contents.unanswered.count { at($0) > 0 }
        self.lost = contents.answered.filter { at($0.key) == 0 && !bounces.contains($0.value) }.keys.sorted()
        self.refused = contents.refused.map { "\($0.key): \($0.value)" }.sorted()
        self.strangers = copies.keys.filter { contents.answered[$0] == nil && !contents.unanswered.contains($0) }.sorted()
        self.misreported = contents.answered.filter { (at($0.key) > 0) != deliveries.contains($0.value) }.keys.sorted()
    }

    package var description: String {
        """
        accepted \(self.accepted), delivered \(self.delivered), bounced \(self.bounced), doubled \(self.doubled), \
        in doubt \(self.inDoubt) (\(self.inDoubtDelivered) of them delivered), lost \(self.lost.count) \(self.lost.prefix(5)), \
        refused \(self.refused.count) \(self.refused.prefix(3)), strangers \(self.strangers.prefix(5)), misreported \(self.misreported.prefix(5))
        """
    }
}
