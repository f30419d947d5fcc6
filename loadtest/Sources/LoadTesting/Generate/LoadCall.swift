import NIOCore

/// One call to be made.
struct LoadCall {
    var sequence: UInt64
    var stream: UInt8
    /// Nanoseconds since 1970.
    var scheduled: Int64
    var from: String
    var recipients: [String]
    var size: Int
    var configurationSet: String?
    /// Which of the entrance's keys.
    var account: Int
    /// Whether it had to wait for a connection.
    var waited = false
}

/// What became of one.
struct LoadAnswer {
    var outcome: SentRecord.Outcome
    var code: UInt16
    var idHash: UInt64 = 0
    var octets: Int
}

/// A connection to an entrance, on one event loop. One call at a time.
protocol LoadConnection: AnyObject {
    /// Whether another call can be made.
    var isUsable: Bool { get }

    /// Makes a call. The future never fails.
    func send(_ call: LoadCall) -> EventLoopFuture<LoadAnswer>

    /// Says goodbye and closes.
    func close()
}
