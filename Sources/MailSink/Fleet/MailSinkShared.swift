import NIOCore
import NIOPosix

/// What a sink has in common with others, instead of its own.
struct MailSinkShared: Sendable {
    var group: (any EventLoopGroup)?
    /// Running.
    var storeThreads: NIOThreadPool?
    /// Chooses one message in so many of all sinks.
    var sabotage: SabotageCounter?
}
