internal import ApusCore
package import ApusSchema
package import Backends
package import SMTPProtocol

/// How a ``DeliveryWorker`` works.
package struct DeliveryConfiguration: Sendable {
    /// The outbound topics there are now, asked every second. Each is read by a consumer of its own, in a group of its own
    /// (``Topics/group(of:)``), so that none waits for another.
    package var topics: @Sendable () -> Set<String>
    /// The pools whose mail is delivered here, `default` for mail without one; nil for all.
    package var pools: Set<String>?
    /// The name at EHLO, which events give as the reporting MTA.
    package var helloName: String
    /// The port at mail exchangers.
    package var port = 25
    package var tlsPolicy = SMTPTLSPolicy.opportunistic
    package var retry = RetryPlan(schedule: .standard)
    /// The delays of retry and hold topics, as the mover has them.
    package var ladder = DelayLadder.standard
    /// How long delivery is tried for where the sender set no deadline; tells whose deadline has passed.
    package var defaultLifetime: Duration = .seconds(14 * 3600)
    package var lanes = LaneLimits()
    /// Of all lanes together.
    package var laneBounds = LaneTable<LaneKey, Lane>.Limits()
    package var dialer = Dialer.Configuration()
    package var ledger = PartitionLedger.Limits()
    package var batches = BusConsumerConfiguration()
    /// How long sessions may go on at a graceful stop.
    package var drainDeadline: Duration = .seconds(30)
    /// How long the loss of partitions waits for what is in flight in them.
    package var revokeDeadline: Duration = .seconds(10)
    /// A record that is due within this is waited for in process.
    package var shortWait: Duration = .seconds(1)
    /// A record whose turn at its account's rate is due within this waits for it in process, up to twice as long: what is put away comes back as
    /// the shortest delay of ``ladder`` says, and the rate would not be used meanwhile.
    package var rateWait: Duration = .seconds(15)
    /// When a record whose message is in another's hands is looked at again: the first time, and four and sixteen times as long later.
    package var ownerHold: Duration = .seconds(15)
    /// How long copies of one message wait here for each other.
    package var turnPatience: Duration = .seconds(5)
    /// When a guard copy is due.
    package var guardHold: Duration = .seconds(60)
    package var commitInterval: Duration = .milliseconds(200)
    /// Completions that are committed without waiting for the interval.
    package var commitCompletions = 500
    package var heartbeatInterval: Duration = .seconds(2)

    /// - Parameters:
    ///   - topics: which mail.
    ///   - helloName: a domain that resolves to this host's address.
    package init(topics: @escaping @Sendable () -> Set<String>, helloName: String) {
        self.topics = topics
        self.helloName = helloName
    }

    /// The mail of one queue.
    package init(queue: String, classes: [Topics.DeliveryClass], helloName: String) {
        let topics = Set(classes.map { Topics.outbound(queue: queue, class: $0) })
        self.init(topics: { topics }, helloName: helloName)
    }

    /// The mail of one class.
    package init(queue: String, class deliveryClass: Topics.DeliveryClass, helloName: String) {
        self.init(queue: queue, classes: [deliveryClass], helloName: helloName)
    }
}
