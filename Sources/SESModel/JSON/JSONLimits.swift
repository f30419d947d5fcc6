/// What a JSON text may cost beyond its bytes, which the HTTP layer bounds.
package struct JSONLimits: Hashable, Sendable {
    /// Objects and arrays inside one another.
    package var depth: Int
    /// Members and elements in the whole text, known and unknown.
    package var elements: Int
    /// Bytes of one string after escapes are resolved; blobs have the bound of their shape.
    package var stringBytes: Int

    package init(depth: Int = 32, elements: Int = 100_000, stringBytes: Int = 48 << 20) {
        self.depth = depth
        self.elements = elements
        self.stringBytes = stringBytes
    }
}
