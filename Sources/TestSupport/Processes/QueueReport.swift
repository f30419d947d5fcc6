/// What `apus queue --json` prints.
package struct QueueReport: Codable, Hashable, Sendable {
    package struct Topic: Codable, Hashable, Sendable {
        package var name: String
        package var waiting: Int64
    }

    package struct Lane: Codable, Hashable, Sendable {
        package var destinations: [String]
        package var waiting: UInt64
        package var active: UInt64
        package var connections: UInt32
        package var deferred: UInt64
        package var lastReply: String
        package var waitsFor: String
    }

    package var serverRunning: Bool
    package var topics: [Topic]
    package var lanes: [Lane]
    package var moreWaiting: UInt64

    /// Records in mail topics that are not finished; what went to the dead-letter topic counts as well.
    package var waiting: Int64 { self.topics.reduce(0) { $0 + $1.waiting } }
}
