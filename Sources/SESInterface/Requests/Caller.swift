package import ControlPlane

/// Who made a request, once its signature is verified.
package struct Caller: Sendable {
    package let account: Account
    /// The access key's id.
    package let accessKeyID: String
    /// The IP address the request came from.
    package let sourceIP: String

    package init(account: Account, accessKeyID: String, sourceIP: String) {
        self.account = account
        self.accessKeyID = accessKeyID
        self.sourceIP = sourceIP
    }
}
