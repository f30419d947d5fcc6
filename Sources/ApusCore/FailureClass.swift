/// What kind of failure a delivery met. Everything that follows (retry, bounce, lane back-off, alarms) decides by this, never by text.
package enum FailureClass: UInt8, Hashable, Sendable, CaseIterable {
    /// The far side will never take it as it is: bounce.
    case permanent = 1
    /// The far side, or the way there, does not take it now: try again until the deadline.
    case transient = 2
    /// The far side refuses the sender, address or volume, now: try again, and slow the lane down.
    case policy = 3
    /// This installation is at fault (settings, resources): try again, alarm.
    case `internal` = 4
}
