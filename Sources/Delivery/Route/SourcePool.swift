/// The addresses that a pool's mail leaves from.
package struct SourcePool: Hashable, Sendable {
    /// One address of a pool.
    package struct Source: Hashable, Sendable {
        package var address: SourceAddress
        /// Its share of the mail beside those of the others; 0 for none now.
        package var weight: Int

        package init(address: SourceAddress, weight: Int = 1) {
            self.address = address
            self.weight = weight
        }
    }

    /// Tells pools apart, whoever they belong to.
    package var id: String
    /// Empty for a pool that has none of its own: its mail leaves from the host's.
    package var sources: [Source]

    package init(id: String, sources: [Source]) {
        self.id = id
        self.sources = sources
    }
}
