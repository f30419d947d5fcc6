internal import MailMessage
internal import SESModel

/// The recipients of a message: as the header shows them and as delivery needs them.
struct Envelope {
    /// The recipients of one destination domain.
    struct Part: Hashable {
        var domain: String
        var recipients: [String]
    }

    let to: [Mailbox]
    let cc: [Mailbox]
    let bcc: [Mailbox]
    /// Each recipient once, in the order To, Cc, Bcc.
    let recipients: [EmailAddress]

    /// The recipients grouped by domain, in the order in which the domains first occur.
    var parts: [Part] {
        var parts: [Part] = []
        var places: [String: Int] = [:]
        for recipient in self.recipients {
            if let place = places[recipient.domain] {
                parts[place].recipients.append(recipient.addrSpec)
            } else {
                places[recipient.domain] = parts.count
                parts.append(Part(domain: recipient.domain, recipients: [recipient.addrSpec]))
            }
        }
        return parts
    }

    /// - Parameters:
    ///   - submission: names the recipients, or leaves it to the header.
    ///   - header: of a raw message; nil for simple content.
    ///   - maximum: the most recipients, repeated ones counted.
    /// - Throws: ``SESError``, bad request.
    init(_ submission: Submission, header: HeaderBlock?, maximum: Int) throws(SESError) {
        let isNamed = submission.to != nil || submission.cc != nil || submission.bcc != nil
        let texts = [submission.to ?? [], submission.cc ?? [], submission.bcc ?? []]
        if isNamed || header == nil {
            // Counted before anything is parsed: a list of a million addresses costs nothing.
            try Self.check(count: texts.reduce(0) { $0 + $1.count }, maximum: maximum)
            self.to = try AddressReading.mailboxes(texts[0])
            self.cc = try AddressReading.mailboxes(texts[1])
            self.bcc = try AddressReading.mailboxes(texts[2])
        } else if let header {
            self.to = try AddressReading.mailboxes(of: "To", in: header)
            self.cc = try AddressReading.mailboxes(of: "Cc", in: header)
            self.bcc = try AddressReading.mailboxes(of: "Bcc", in: header)
            try Self.check(count: self.to.count + self.cc.count + self.bcc.count, maximum: maximum)
        } else {
            (self.to, self.cc, self.bcc) = ([], [], [])
        }
        var seen: Set<EmailAddress> = []
        self.recipients = (self.to + self.cc + self.bcc).map(\.address).filter { seen.insert($0).inserted }
    }

    private static func check(count: Int, maximum: Int) throws(SESError) {
        guard count > 0 else { throw .badRequest("At least one recipient must be specified.") }
        guard count <= maximum else { throw .badRequest("Recipient count exceeds \(maximum).") }
    }
}
