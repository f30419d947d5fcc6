/// Where canonical bytes go: a digest, or an array in tests.
protocol ByteSink: ~Copyable {
    /// Takes the bytes; they are valid during the call only.
    mutating func write(_ bytes: UnsafeRawBufferPointer)
}
