/// What the library counted, of its JSON statistics: totals since the client began, and states at the time of the snapshot. Nothing in
/// it is labelled by anything that a tenant can make.
package struct KafkaStatistics: Hashable, Sendable {
    /// Of one topic, over its partitions.
    package struct Topic: Hashable, Sendable {
        /// Records and bytes fetched and not read yet.
        package var fetchedRecords: Int64 = 0
        package var fetchedBytes: Int64 = 0
        /// Records between the committed offset and the log's end, where both are known; out-of-order work makes it an upper bound.
        package var lag: Int64 = 0
        /// Records and bytes sent and received since the client began.
        package var sentRecords: Int64 = 0
        package var sentBytes: Int64 = 0
        package var receivedRecords: Int64 = 0
        package var receivedBytes: Int64 = 0
    }

    /// Records, and their bytes, that wait to be sent or acknowledged.
    package var queuedRecords: Int64 = 0
    package var queuedBytes: Int64 = 0
    /// Records sent and received since the client began.
    package var sentRecords: Int64 = 0
    package var receivedRecords: Int64 = 0
    /// Requests and bytes to and from brokers.
    package var requests: Int64 = 0
    package var sentBytes: Int64 = 0
    package var responses: Int64 = 0
    package var receivedBytes: Int64 = 0
    /// Brokers known, and connected to.
    package var brokers: Int64 = 0
    package var brokersUp: Int64 = 0
    /// Requests that failed, were tried again, or had no answer in time.
    package var requestErrors: Int64 = 0
    package var requestRetries: Int64 = 0
    package var requestTimeouts: Int64 = 0
    /// The slowest broker's round trip, 99th percentile, in microseconds.
    package var roundTripMicroseconds: Int64 = 0
    /// The longest wait of a request for its connection, 99th percentile, in microseconds.
    package var outputWaitMicroseconds: Int64 = 0
    /// Partitions that a consumer owns, and how often its group has been shared out anew.
    package var assignedPartitions: Int64 = 0
    package var rebalances: Int64 = 0
    /// Per topic of the service, of which there are few.
    package var topics: [String: Topic] = [:]

    package init() {}
}
