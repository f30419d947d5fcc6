/// Something that happened at a time, on a chart over time.
package struct ChartMark: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A fault that was injected.
        case fault
        /// A phase of the run that ended, as the load.
        case phase
    }

    package var kind: Kind
    /// Seconds since the load began.
    package var at: Double
    /// Its length in seconds; 0 for none.
    package var seconds: Double
    /// Its number in the table; empty for a phase.
    package var number: String
    package var text: String

    package init(kind: Kind, at: Double, seconds: Double, number: String, text: String) {
        self.kind = kind
        self.at = at.isFinite ? at : 0
        self.seconds = seconds.isFinite ? max(seconds, 0) : 0
        self.number = number
        self.text = text
    }
}
