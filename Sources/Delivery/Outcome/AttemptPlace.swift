/// Between whom an attempt took place; for events.
package struct AttemptPlace: Hashable, Sendable {
    /// The far side's address without port; empty when no connection came about.
    package var remoteAddress: String
    /// Our address without port; empty when unknown.
    package var localAddress: String

    package init(remoteAddress: String = "", localAddress: String = "") {
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
    }
}
