import NIOCore

/// One moving deadline on an event loop.
///
/// Every reply moves an SMTP connection's deadline, and hardly any deadline passes. So moving it later only notes the new time; the task that is scheduled already
/// looks at the note when it runs. Used on its event loop only.
final class DeadlineTimer {
    private let eventLoop: any EventLoop
    private let onExpiry: () -> Void
    private var deadline: NIODeadline?
    private var task: Scheduled<Void>?
    private var taskTime = NIODeadline.distantFuture

    /// - Parameters:
    ///   - eventLoop: the current one.
    ///   - onExpiry: called when the deadline passes; the timer is disarmed by then.
    init(eventLoop: any EventLoop, onExpiry: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onExpiry = onExpiry
    }

    /// Sets the deadline, in place of any other; nil is no deadline.
    func arm(_ limit: Duration?) {
        guard let limit else { return disarm() }
        let time = eventLoop.now + TimeAmount(limit)
        deadline = time
        if task == nil || time < taskTime { schedule(time) }
    }

    func disarm() {
        deadline = nil
    }

    /// Disarms and lets go of everything.
    func cancel() {
        deadline = nil
        task?.cancel()
        task = nil
    }

    private func schedule(_ time: NIODeadline) {
        task?.cancel()
        taskTime = time
        task = eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.fire() }
    }

    private func fire() {
        task = nil
        guard let deadline else { return }
        guard deadline <= eventLoop.now else { return schedule(deadline) }
        self.deadline = nil
        onExpiry()
    }
}
