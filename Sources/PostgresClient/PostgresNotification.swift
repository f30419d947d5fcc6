/// What a NOTIFY said.
package struct PostgresNotification: Hashable, Sendable {
    package var channel: String
    package var payload: String

    package init(channel: String, payload: String) {
        self.channel = channel
        self.payload = payload
    }
}
