import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// SIGINT and SIGTERM as something to wait for. Makes the process ignore SIGPIPE.
///
/// Unchecked: the sources are kept alive and never touched again.
final class StopSignals: @unchecked Sendable {
    private let received: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        signal(SIGPIPE, SIG_IGN)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        received = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.activate()
            return source
        }
    }

    /// Returns at the first signal.
    func wait() async {
        for await _ in received { return }
    }
}
