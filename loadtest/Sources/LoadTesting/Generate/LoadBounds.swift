/// What a load never goes beyond: a slip of a zero must not become an incident.
package enum LoadBounds {
    /// Calls a second of one stream.
    package static let rate = 50_000.0
    /// Messages of one stream.
    package static let messages = 200_000_000
    /// Connections of one stream.
    package static let connections = 20_000
    /// How long a stream may go on: 25 hours, for the soak of a day.
    package static let milliseconds = 25 * 3_600_000.0
}
