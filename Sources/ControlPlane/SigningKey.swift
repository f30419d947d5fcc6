package import MailAuthentication

/// A DKIM key ready to sign with, and what its signatures name.
package struct SigningKey: Sendable {
    /// The `s=` tag.
    package let selector: String
    /// The `d=` tag.
    package let domain: String
    package let key: DKIMKey

    package init(selector: String, domain: String, key: DKIMKey) {
        self.selector = selector
        self.domain = domain
        self.key = key
    }
}
