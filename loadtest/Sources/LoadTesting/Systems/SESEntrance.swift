/// An SES API v2 endpoint and the keys to it.
package struct SESEntrance: Sendable, Hashable {
    package struct Key: Sendable, Hashable {
        package var id: String
        package var secret: String

        package init(id: String, secret: String) {
            self.id = id
            self.secret = secret
        }
    }

    package var host: String
    package var port: Int
    package var isTLS: Bool
    package var region: String
    /// One per account. Messages of a stream go through them in turn.
    package var keys: [Key]

    package init(host: String, port: Int, isTLS: Bool = false, region: String = "us-east-1", keys: [Key]) {
        self.host = host
        self.port = port
        self.isTLS = isTLS
        self.region = region
        self.keys = keys
    }
}
