/// What the look-up of a key record gave.
package enum DKIMKeyLookup: Sendable, Hashable {
    /// The TXT records at the name; each is the joined strings of one record.
    case records([[UInt8]])
    /// The name, or a TXT record at it, does not exist.
    case notFound
    /// No answer now: try again later.
    case unavailable
}
