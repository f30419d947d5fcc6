/// One write, as the change feed tells it.
package struct StateChange: Hashable, Sendable {
    /// Rising over the whole store, with gaps.
    package var position: Int64
    package var key: StateKey
    /// The entry as it is now, which may be newer than this change; nil when it is gone.
    package var entry: StateEntry?

    package init(position: Int64, key: StateKey, entry: StateEntry?) {
        self.position = position
        self.key = key
        self.entry = entry
    }
}
