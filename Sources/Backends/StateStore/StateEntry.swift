/// A document in a ``StateStore``.
package struct StateEntry: Hashable, Sendable {
    /// The largest document that a store takes, in bytes.
    package static let maximumBytes = 1 << 20

    package var key: StateKey
    package var value: [UInt8]
    /// Grows with every write of this key; compare-and-set goes by it.
    package var version: Int64

    package init(key: StateKey, value: [UInt8], version: Int64) {
        self.key = key
        self.value = value
        self.version = version
    }
}
