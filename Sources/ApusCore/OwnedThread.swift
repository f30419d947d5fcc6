#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Starts threads of the operating system for work that must not run on an event loop or the cooperative pool.
package enum OwnedThread {
    /// How many cores are online; at least 1.
    package static var coreCount: Int { max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1) }

    /// Runs `body` on a new thread that nobody joins.
    ///
    /// - Parameter body: released when it has returned.
    /// - Returns: whether the system gave a thread.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        // One-shot: retained here, released exactly once, by the thread or when there is none.
        let box = Unmanaged.passRetained(Body(run: body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, threadMain, box.toOpaque())
        if status != 0 { box.release() }
        return status == 0
    }

    #if canImport(Darwin)
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
            runBody(at: $0)
            return nil
        }
    #else
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            if let argument = $0 { runBody(at: argument) }
            return nil
        }
    #endif

    private static func runBody(at argument: UnsafeMutableRawPointer) {
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        // The thread's stack goes back to the system when it ends, without anyone joining it.
        pthread_detach(pthread_self())
        body.run()
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
