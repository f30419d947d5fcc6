/// A mail system under load: a process, or several, between an entrance that takes messages and the sink that they are delivered to.
///
/// A run calls ``start()`` once, then injects its faults, then ``stop()``. After ``kill()`` and ``stop()`` a system can be started again on what it left.
package protocol MailSystem: Sendable {
    /// For the report: what it is, and what it does for its acceptance.
    var description: MailSystemDescription { get }

    /// Starts it, or starts it again, and waits until it takes messages.
    ///
    /// - Throws: ``LoadTestError`` that says what is missing or what its processes said last.
    func start() async throws

    /// Where messages go in. The same after each start.
    var entrance: LoadEntrance { get async throws }

    /// Processes that belong to it now, for CPU and memory; the children of each are found by the sampler.
    var processIDs: [Int32] { get }

    /// SIGKILL to all of it, and waits until it is gone.
    func kill() async throws

    /// Asks it to end in its own orderly way and waits.
    ///
    /// - Throws: ``LoadTestError`` when it does not end within the limit; it is killed then.
    func stop(within limit: Duration) async throws

    /// SIGSTOP to all of it.
    func suspend() throws

    /// SIGCONT to all of it.
    func resume() throws

    /// Recipients that it still has to deliver, by its own account; nil when it has no cheap way to say.
    func queueDepth() async throws -> Int?

    /// What it says became of messages; nil when it cannot say.
    func outcomes() async throws -> SystemOutcomes?

    /// Ends whatever is left of it and removes its folders, unless they are to be kept.
    func remove() async
}
