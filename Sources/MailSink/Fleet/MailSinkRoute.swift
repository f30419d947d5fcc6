/// Where a domain's mail goes, for a DNS server: the MX record of the domain and the address records of its host.
package struct MailSinkRoute: Sendable, Hashable {
    /// `gmail.test`, `*.many.test`, `*`.
    package let domain: String
    package let mailExchanger: String
    /// IP addresses.
    package let addresses: [String]

    package init(domain: String, mailExchanger: String, addresses: [String]) {
        self.domain = domain
        self.mailExchanger = mailExchanger
        self.addresses = addresses
    }
}
