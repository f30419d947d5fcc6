internal import ApusSchema
internal import MailMessage

/// Makes the `mail` object of events from a message's header as the caller gave it, bounded so that no record grows with it.
struct MailSummaryBuilder {
    /// SES cuts headers in events at 10 KB; the parsed ones get as much again.
    static let maximumHeaderBytes = 10 << 10

    private var summary = Apus_V1_MailSummary()
    private var commonBytes = 0

    /// - Parameters:
    ///   - header: the header before anything was replaced.
    ///   - source: the sender as given.
    ///   - sourceARN: of the identity that was used.
    ///   - destination: all recipients.
    ///   - returnPath: where the caller wants bounces, if it said so.
    static func summary(
        of header: HeaderBlock, source: String, sourceARN: String, destination: [String], returnPath: String?
    ) -> Apus_V1_MailSummary {
        var builder = MailSummaryBuilder()
        builder.summary.source = source
        builder.summary.sourceArn = sourceARN
        builder.summary.destination = destination
        builder.addHeaders(header)
        builder.addCommonHeaders(header, returnPath: returnPath)
        return builder.summary
    }

    private mutating func addHeaders(_ header: HeaderBlock) {
        var bytes = 0
        for field in header.fields {
            var line = Apus_V1_HeaderLine()
            line.name = header.name(of: field)
            line.value = String(decoding: header.unfoldedValue(of: field), as: UTF8.self)
            bytes += line.name.utf8.count + line.value.utf8.count
            guard bytes <= Self.maximumHeaderBytes else {
                self.summary.headersTruncated = true
                return
            }
            self.summary.headers.append(line)
        }
    }

    private mutating func addCommonHeaders(_ header: HeaderBlock, returnPath: String?) {
        self.summary.from = self.addresses("From", in: header)
        self.summary.to = self.addresses("To", in: header)
        self.summary.cc = self.addresses("Cc", in: header)
        self.summary.bcc = self.addresses("Bcc", in: header)
        self.summary.replyTo = self.addresses("Reply-To", in: header)
        self.summary.sender = self.addresses("Sender", in: header).first ?? ""
        self.summary.returnPath = self.fitting(returnPath ?? "") ?? ""
        self.summary.date = header.text("Date").flatMap { self.fitting($0) } ?? ""
        self.summary.messageIDHeader = header.text("Message-ID").flatMap { self.fitting($0) } ?? ""
        if let subject = header.text("Subject").flatMap({ self.fitting($0) }) {
            self.summary.subject = subject
            self.summary.hasSubject_p = true
        }
    }

    /// The mailboxes of a field as people read them; the whole value where it is no list of addresses.
    private mutating func addresses(_ name: String, in header: HeaderBlock) -> [String] {
        var texts: [String] = []
        for field in header.all(name) {
            let value = header.unfoldedValue(of: field)
            let forms = (try? AddressList(bytes: value))?.mailboxes.map(AddressReading.displayForm) ?? [EncodedWord.decode(value)]
            for form in forms {
                guard let form = self.fitting(form) else { return texts }
                texts.append(form)
            }
        }
        return texts
    }

    private mutating func fitting(_ text: String) -> String? {
        self.commonBytes += text.utf8.count
        guard self.commonBytes <= Self.maximumHeaderBytes else {
            self.summary.headersTruncated = true
            return nil
        }
        return text
    }
}
