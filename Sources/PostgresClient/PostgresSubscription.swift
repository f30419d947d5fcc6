internal import Synchronization

/// A connection of its own that listens on a channel, made again whenever it breaks, until it is cancelled.
package final class PostgresSubscription: Sendable {
    package enum Event: Sendable {
        /// The server listens for us from now on. What was said before is not told: look at the state itself.
        case listening
        case notified(PostgresNotification)
        /// The connection is gone, or could not be made.
        case interrupted(PostgresError)
    }

    let channel: String
    let handler: @Sendable (Event) -> Void
    private let mailbox: PostgresMailbox

    init(channel: String, mailbox: PostgresMailbox, handler: @escaping @Sendable (Event) -> Void) {
        self.channel = channel
        self.mailbox = mailbox
        self.handler = handler
    }

    /// Ends it. Idempotent; an event under way may still come.
    package func cancel() {
        _ = self.mailbox.post(.unsubscribe(self))
    }
}
