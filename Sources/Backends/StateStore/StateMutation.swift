/// One write in a ``StateStore``, with its precondition.
package enum StateMutation: Hashable, Sendable {
    /// Writes a document that must not exist yet.
    case create(StateKey, value: [UInt8])
    /// Replaces a document that must exist, at the version given unless that is nil.
    case update(StateKey, value: [UInt8], expecting: Int64?)
    /// Writes a document whether it exists or not.
    case put(StateKey, value: [UInt8])
    /// Removes a document that must exist, at the version given unless that is nil.
    case delete(StateKey, expecting: Int64?)

    package var key: StateKey {
        switch self {
        case .create(let key, _), .update(let key, _, _), .put(let key, _), .delete(let key, _): key
        }
    }
}
