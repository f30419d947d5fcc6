internal import ApusCore
internal import ControlPlane
internal import MailMessage
internal import SESModel

/// Who sends, under which identity, and with whose keys.
struct SenderResolution {
    /// The sender's mailbox: the one given, or the first of the From field.
    let from: Mailbox
    /// The sender as given, for events.
    let source: String
    /// The identity that lets it send.
    let identity: EmailIdentity
    /// The domain whose keys sign: the From field's own domain or the nearest parent that signs; empty for none.
    let signingDomain: String
    /// Where the caller wants bounces.
    let returnPath: String?

    /// - Parameters:
    ///   - submission: what the caller gave.
    ///   - header: of a raw message; nil for simple content.
    /// - Throws: ``SESError``.
    init(_ submission: Submission, header: HeaderBlock?, controlPlane: ControlPlane) throws(SESError) {
        var headerFrom: [Mailbox] = []
        var checked: [Mailbox] = []
        if let header {
            headerFrom = try AddressReading.mailboxes(of: "From", in: header)
            checked = headerFrom
            checked += try AddressReading.mailboxes(of: "Sender", in: header)
        }
        let given: Mailbox?
        if let from = submission.from { given = try AddressReading.mailbox(from) } else { given = nil }
        guard let from = given ?? headerFrom.first else {
            throw .badRequest(header == nil ? "FromEmailAddress must be specified." : "Missing required header 'From'.")
        }
        if let given { checked.insert(given, at: 0) }
        var returnPath: String?
        if let forwarding = submission.feedbackForwardingAddress {
            let mailbox = try AddressReading.mailbox(forwarding)
            returnPath = mailbox.address.addrSpec
            checked.append(mailbox)
        } else if let header, let mailbox = try Self.returnPath(in: header) {
            returnPath = mailbox.address.addrSpec
            checked.append(mailbox)
        }
        let identity = try Self.verify(checked, submission: submission, controlPlane: controlPlane)
        self.from = from
        self.source = submission.from ?? AddressReading.displayForm(from)
        self.identity = identity
        self.returnPath = returnPath
        // DMARC aligns with what the reader sees, which is the From field.
        let visible = headerFrom.first ?? from
        self.signingDomain = Self.signingDomain(for: visible.address.domain, account: submission.account.id, controlPlane: controlPlane)
    }

    /// The identity of the first address, when all of them are verified.
    private static func verify(
        _ mailboxes: [Mailbox], submission: Submission, controlPlane: ControlPlane
    ) throws(SESError) -> EmailIdentity {
        var first: EmailIdentity?
        var failing: [String] = []
        for mailbox in mailboxes {
            let identity = controlPlane.identity(covering: mailbox.address, account: submission.account.id)
            if let identity, identity.isVerifiedForSending {
                first = first ?? identity
            } else {
                let form = AddressReading.displayForm(mailbox)
                if !failing.contains(form) { failing.append(form) }
            }
        }
        let region = controlPlane.configuration.region.name.uppercased()
        guard failing.isEmpty, let first else {
            throw SESError(
                .messageRejected,
                "Email address is not verified. The following identities failed the check in region \(region): "
                    + failing.prefix(10).joined(separator: ", ") + (failing.count > 10 ? "..." : ""))
        }
        for arn in submission.identityARNs {
            try self.check(arn: arn, submission: submission, controlPlane: controlPlane)
        }
        return first
    }

    /// Sending for other accounts does not exist here, so only ARNs of the caller's own verified identities are accepted.
    private static func check(arn: String, submission: Submission, controlPlane: ControlPlane) throws(SESError) {
        let prefix = "arn:aws:ses:\(controlPlane.configuration.region.name):\(submission.account.id):identity/"
        let name = String(arn.dropFirst(prefix.count))
        guard arn.hasPrefix(prefix), controlPlane.identity(name, account: submission.account.id)?.isVerifiedForSending == true else {
            throw SESError(
                .accessDenied,
                "User `\(submission.callerIdentity)' is not authorized to perform `ses:\(submission.operation)' on resource `\(arn)'")
        }
    }

    private static func returnPath(in header: HeaderBlock) throws(SESError) -> Mailbox? {
        guard let value = header.value("Return-Path"), !value.isEmpty, value != Array("<>".utf8) else { return nil }
        return try AddressReading.mailbox(String(decoding: value, as: UTF8.self))
    }

    private static func signingDomain(for domain: String, account: AccountID, controlPlane: ControlPlane) -> String {
        var rest = domain[...]
        while rest.utf8.contains(UInt8(ascii: ".")) {
            let name = String(rest)
            if let identity = controlPlane.identity(name, account: account), identity.isSigning { return name }
            guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { break }
            rest = rest[rest.utf8.index(after: dot)...]
        }
        return ""
    }
}
