/// How a consumer reads.
package struct BusConsumerConfiguration: Hashable, Sendable {
    /// The most records in one batch.
    package var maximumBatchRecords: Int
    /// The most payload bytes in one batch; a batch holds at least one record, however large.
    package var maximumBatchBytes: Int

    package init(maximumBatchRecords: Int = 256, maximumBatchBytes: Int = 4 << 20) {
        self.maximumBatchRecords = maximumBatchRecords
        self.maximumBatchBytes = maximumBatchBytes
    }
}
