package import NIOCore

/// How long a connection may take for what.
package struct ConnectionTimeouts: Hashable, Sendable {
    /// From the opening of the connection, its TLS handshake included, to the end of the first request's head.
    package var firstHead: TimeAmount
    /// From the end of one exchange to the end of the next request's head.
    package var idle: TimeAmount
    /// For a request's body: this much, and what its bytes take at ``minimumBytesPerSecond``.
    package var body: TimeAmount
    /// The slowest upload that is waited for.
    package var minimumBytesPerSecond: Int
    /// For what is left of a body after its request was answered.
    package var drain: TimeAmount
    /// The most bytes of a body that are read after its request was answered.
    package var maximumDrainBytes: Int

    package init(
        firstHead: TimeAmount = .seconds(15), idle: TimeAmount = .seconds(60), body: TimeAmount = .seconds(15),
        minimumBytesPerSecond: Int = 64 << 10, drain: TimeAmount = .seconds(15), maximumDrainBytes: Int = 64 << 20
    ) {
        self.firstHead = firstHead
        self.idle = idle
        self.body = body
        self.minimumBytesPerSecond = minimumBytesPerSecond
        self.drain = drain
        self.maximumDrainBytes = maximumDrainBytes
    }

    /// The time for a body of a declared length.
    func body(contentLength: Int) -> TimeAmount {
        self.body + .milliseconds(Int64(min(max(contentLength, 0), 1 << 40)) * 1000 / Int64(max(self.minimumBytesPerSecond, 1)))
    }
}
