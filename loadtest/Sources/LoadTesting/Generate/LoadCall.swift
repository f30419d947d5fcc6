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
