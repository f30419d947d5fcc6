import NIOCore

/// A connection to an entrance, on one event loop. One call at a time.
protocol LoadConnection: AnyObject {
    /// Whether another call can be made.
    var isUsable: Bool { get }

    /// Makes a call. The future never fails.
    func send(_ call: LoadCall) -> EventLoopFuture<LoadAnswer>

    /// Says goodbye and closes.
    func close()
}
