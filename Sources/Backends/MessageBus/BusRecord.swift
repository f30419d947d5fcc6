package import ApusCore
package import NIOCore

/// A record as a consumer sees it.
package struct BusRecord: Sendable {
    package var position: RecordPosition
    /// When the bus appended it, by the bus's clock. Within a partition it does not fall.
    package var appendedAt: UnixMilliseconds
    package var key: [UInt8]
    /// The payload; a slice of the batch's storage, so copy what outlives the record for long.
    package var value: ByteBuffer

    package init(position: RecordPosition, appendedAt: UnixMilliseconds, key: [UInt8], value: ByteBuffer) {
        self.position = position
        self.appendedAt = appendedAt
        self.key = key
        self.value = value
    }
}
