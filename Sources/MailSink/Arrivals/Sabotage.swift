/// Makes a sink keep wrong accounts on purpose, to show that a run finds it out. Each does it to one message in so many.
package struct Sabotage: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Acknowledges the message and forgets it.
        case drop
        /// Takes the message as if it had come twice.
        case double
        /// Changes one octet of the content.
        case alter
    }

    package var kind: Kind
    /// From 1 on.
    package var every: Int

    package init(kind: Kind, every: Int) {
        self.kind = kind
        self.every = every
    }

    /// `drop=10000`.
    package init?(_ text: String) {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let every = Int(parts[1]), every >= 1 else { return nil }
        self.init(kind: kind, every: every)
    }
}
