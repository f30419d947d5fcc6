/// Waiting that ends.
enum Patience {
    /// Waits for something, but not longer than this.
    ///
    /// - Parameter wait: returns whether it came; returns false soon after its task is cancelled, unless it has just come.
    /// - Returns: whether it came. What has come is not dropped when the time is over at the same moment.
    static func wait(_ patience: Duration, clock: any DeliveryClock, for wait: @escaping @Sendable () async -> Bool) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await wait() }
            group.addTask {
                try? await clock.sleep(for: patience)
                return false
            }
            var hasCome = await group.next() ?? false
            group.cancelAll()
            while let other = await group.next() { hasCome = hasCome || other }
            return hasCome
        }
    }
}
