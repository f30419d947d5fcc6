import Backends
import Synchronization

/// Reads a topic of the embedded bus without a group.
struct SegmentReader: BusReader {
    let core: BusCore
    let fetcher: Int

    func nextBatch() async throws -> [BusRecord]? {
        try await BusFetching(core: self.core, fetcher: self.fetcher).next()
    }

    func close() async {
        self.core.state.withLock { $0.closeFetcher(self.fetcher) }?.resume()
    }
}
