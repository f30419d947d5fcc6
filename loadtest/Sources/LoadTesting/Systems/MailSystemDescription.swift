/// What a report says of a system.
package struct MailSystemDescription: Sendable, Codable, Hashable {
    /// `Apus`, `Postfix + OpenDKIM`.
    package var name: String
    package var version: String
    /// How messages go in: `SES v2 SendEmail, raw content, SigV4 verified`.
    package var entrance: String
    /// What has happened before it acknowledges: `a sync that covers the record`.
    package var durability: String
    /// `RSA-2048, relaxed/relaxed`, or `none`.
    package var signing: String
    /// Settings that matter, one sentence each.
    package var notes: [String]

    package init(name: String, version: String, entrance: String, durability: String, signing: String, notes: [String] = []) {
        self.name = name
        self.version = version
        self.entrance = entrance
        self.durability = durability
        self.signing = signing
        self.notes = notes
    }
}
