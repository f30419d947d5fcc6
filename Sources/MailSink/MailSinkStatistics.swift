/// What a sink has seen since it started.
package struct MailSinkStatistics: Sendable, Hashable, Codable {
    /// Connections opened.
    package var connections = 0
    /// Connections open now.
    package var openConnections = 0
    /// Connections that became encrypted.
    package var encryptedConnections = 0
    /// Messages accepted.
    package var messages = 0
    /// Messages received to the end and not accepted.
    package var refusedMessages = 0
    /// Recipients of accepted messages.
    package var recipients = 0
    /// Octets of the content of accepted messages.
    package var octets = 0
    /// Different ids among the accepted messages; 0 unless copies are counted.
    package var distinctIDs = 0
    /// Accepted messages whose id had been seen before.
    package var duplicateMessages = 0
    /// Accepted messages without an id, or beyond the bound of ids.
    package var uncountedMessages = 0
    /// How often each rule acted, by its name.
    package var rules: [String: Int] = [:]
    /// How often each limit refused something, by its key.
    package var limits: [String: Int] = [:]

    package init() {}

    /// Adds another sink's.
    package static func += (sum: inout MailSinkStatistics, other: MailSinkStatistics) {
        sum.connections += other.connections
        sum.openConnections += other.openConnections
        sum.encryptedConnections += other.encryptedConnections
        sum.messages += other.messages
        sum.refusedMessages += other.refusedMessages
        sum.recipients += other.recipients
        sum.octets += other.octets
        sum.distinctIDs += other.distinctIDs
        sum.duplicateMessages += other.duplicateMessages
        sum.uncountedMessages += other.uncountedMessages
        sum.rules.merge(other.rules, uniquingKeysWith: +)
        sum.limits.merge(other.limits, uniquingKeysWith: +)
    }
}
