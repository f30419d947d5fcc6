/// A call that was answered 200, and what its record is to be like.
package struct AcceptedCall: Hashable, Sendable {
    package let messageID: String
    /// Whether its recipients are in several domains: then one record, on `apus.submitted`, stands for all of them.
    package let isSplit: Bool
    /// Whether its body is too large for a record: then it lies in a file, and the record names it.
    package let isStored: Bool

    package init(messageID: String, isSplit: Bool = false, isStored: Bool = false) {
        self.messageID = messageID
        self.isSplit = isSplit
        self.isStored = isStored
    }
}
