/// Composes a message from its pieces, as SendEmail with Simple content does (RFC 5322, RFC 2045 to 2047, RFC 2183, RFC 2231, RFC 2387).
///
/// The same input gives the same octets: Date, Message-ID and the seed of the boundaries come from the caller, who fixes them when the
/// message is accepted. The outcome is 7-bit, no line has more than 998 octets, every line ends with CRLF, and nothing given can add a line to
/// the header.
///
/// ```
/// text                        text/plain
/// html                        text/html
/// text + html                 multipart/alternative
/// html + inline images        multipart/related around the HTML
/// any of these + files        multipart/mixed
/// ```
package struct MessageComposer: Sendable {
    package var from: [Mailbox]
    package var sender: Mailbox?
    package var replyTo: [Mailbox] = []
    package var to: [Mailbox] = []
    package var cc: [Mailbox] = []
    /// Goes out as UTF-8 encoded words when it is not ASCII.
    package var subject = ""
    package var text: BodyText?
    package var html: BodyText?
    package var attachments: [Attachment] = []
    /// Fields of the caller's own, in order.
    package var headers: [(name: String, value: String)] = []
    /// Milliseconds since 1970.
    package var date: Int64
    /// Without angle brackets.
    package var messageID: String
    /// 1 to 60 letters, digits, `-`, `_`, `.`; unique per message (the message id's local part, say).
    package var boundarySeed: String

    package init(from: Mailbox, date: Int64, messageID: String, boundarySeed: String) {
        self.from = [from]
        self.date = date
        self.messageID = messageID
        self.boundarySeed = boundarySeed
    }

    /// Fields that callers may not set: the composer writes them, or they belong to delivery.
    package static let reservedNames: Set<String> = [
        "bcc", "cc", "content-disposition", "content-id", "content-transfer-encoding", "content-type", "date", "dkim-signature", "from",
        "message-id", "mime-version", "received", "reply-to", "return-path", "sender", "subject", "to",
    ]

    /// The finished message.
    ///
    /// - Throws: `ComposeError`; nothing is dropped silently.
    package func compose() throws(ComposeError) -> [UInt8] {
        guard (1...60).contains(boundarySeed.utf8.count),
            boundarySeed.utf8.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == ASCII.hyphen || $0 == ASCII.underscore || $0 == ASCII.dot })
        else { throw ComposeError(.invalidBoundarySeed, field: "boundary seed") }
        let root = try makeRoot()
        var output: [UInt8] = []
        output.reserveCapacity(attachments.reduce(4096) { $0 + $1.content.count / 2 * 3 })
        try appendHeader(to: &output)
        var counter = 0
        try root.append(to: &output, seed: boundarySeed, counter: &counter)
        return output
    }

    // MARK: Header

    private func appendHeader(to output: inout [UInt8]) throws(ComposeError) {
        output += try HeaderText.field(name: "Date", value: Array(InternetDate.rfc5322(unixMilliseconds: date).utf8))
        try appendAddresses("From", from, to: &output)
        if let sender { try appendAddresses("Sender", [sender], to: &output) }
        try appendAddresses("Reply-To", replyTo, to: &output)
        try appendAddresses("To", to, to: &output)
        try appendAddresses("Cc", cc, to: &output)
        output += try HeaderText.field(name: "Subject", value: try HeaderText.unstructured(subject, field: "Subject"))
        output += try HeaderText.field(name: "Message-ID", value: try Self.angled(messageID, field: "Message-ID"))
        output += try HeaderText.field(name: "MIME-Version", value: Array("1.0".utf8))
        for (name, value) in headers {
            if Self.reservedNames.contains(ASCII.lowercased(name.utf8)) { throw ComposeError(.reservedField, field: name) }
            guard HeaderText.isFieldName(name.utf8) else { throw ComposeError(.invalidFieldName, field: "header") }
            output += try HeaderText.field(name: name, value: try Self.customValue(value, field: name))
        }
    }

    private func appendAddresses(_ name: String, _ mailboxes: [Mailbox], to output: inout [UInt8]) throws(ComposeError) {
        guard !mailboxes.isEmpty else { return }
        var value: [UInt8] = []
        for mailbox in mailboxes {
            if !value.isEmpty { value.append(contentsOf: ", ".utf8) }
            value.append(contentsOf: try mailbox.headerBytes())
        }
        output += try HeaderText.field(name: name, value: value)
    }

    /// Visible ASCII as it is, also when it cannot be folded; anything else as encoded words.
    private static func customValue(_ value: String, field: String) throws(ComposeError) -> [UInt8] {
        let bytes = Array(value.utf8)
        try HeaderText.forbidLineBreaks(bytes, field: field)
        return bytes.allSatisfy { ASCII.isVisible($0) || ASCII.isBlank($0) } ? bytes : EncodedWord.encode(value)
    }

    private static func angled(_ id: String, field: String) throws(ComposeError) -> [UInt8] {
        var bytes = Array(id.utf8)
        if bytes.first == ASCII.less, bytes.last == ASCII.greater, bytes.count > 2 { bytes = Array(bytes[1..<(bytes.count - 1)]) }
        guard (1...250).contains(bytes.count), bytes.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.less && $0 != ASCII.greater }) else {
            throw ComposeError(.invalidValue, field: field)
        }
        return [ASCII.less] + bytes + [ASCII.greater]
    }

    // MARK: Structure

    private func makeRoot() throws(ComposeError) -> MIMENode {
        let isRelated = { (attachment: Attachment) in html != nil && attachment.disposition == .inline && attachment.contentID != nil }
        var body: MIMENode?
        if let html {
            var node = try textNode(html, subtype: "html")
            let images = attachments.filter(isRelated)
            if !images.isEmpty {
                var children = [node]
                for image in images { children.append(try fileNode(image)) }
                node = .multipart(subtype: "related", parameters: "; type=\"text/html\"", children: children)
            }
            body = node
        }
        if let text {
            let plain = try textNode(text, subtype: "plain")
            body = body.map { .multipart(subtype: "alternative", parameters: "", children: [plain, $0]) } ?? plain
        }
        let files = attachments.filter { !isRelated($0) }
        let content: MIMENode
        if let body { content = body } else { content = try textNode(BodyText(""), subtype: "plain") }
        if files.isEmpty { return content }
        var children = [content]
        for file in files { children.append(try fileNode(file)) }
        return .multipart(subtype: "mixed", parameters: "", children: children)
    }

    private func textNode(_ body: BodyText, subtype: String) throws(ComposeError) -> MIMENode {
        let (octets, charset) = try body.encoded()
        let encoding: TransferEncoding
        if isSevenBit(octets) {
            encoding = .sevenBit
        } else {
            encoding = QuotedPrintable.estimatedLength(octets) <= (octets.count + 2) / 3 * 4 ? .quotedPrintable : .base64
        }
        let header =
            try HeaderText.field(name: "Content-Type", value: Array("text/\(subtype); charset=\(charset.label)".utf8))
            + HeaderText.field(name: "Content-Transfer-Encoding", value: Array(encoding.rawValue.utf8))
        return .leaf(header: header, body: Self.encode(octets, encoding))
    }

    private func fileNode(_ file: Attachment) throws(ComposeError) -> MIMENode {
        var encoding = file.transferEncoding ?? .base64
        if encoding == .eightBit || encoding == .binary { encoding = .base64 }
        var mediaType = try Self.mediaType(of: file)
        let isEnclosedMessage = mediaType.utf8.prefix(8).elementsEqual("message/".utf8)
        if isEnclosedMessage { encoding = .sevenBit }
        if encoding == .sevenBit, !isSevenBit(file.content) {
            encoding = .base64
            // An enclosed message may not be encoded (RFC 2046, section 5.2.1).
            if isEnclosedMessage { mediaType = "application/octet-stream" }
        }
        var header = try HeaderText.field(
            name: "Content-Type", value: Array(mediaType.utf8) + MIMEParameterWriter.encodedWordParameter("name", file.fileName))
        header += try HeaderText.field(name: "Content-Transfer-Encoding", value: Array(encoding.rawValue.utf8))
        header += try HeaderText.field(
            name: "Content-Disposition", value: Array(file.disposition.rawValue.utf8) + MIMEParameterWriter.parameter("filename", file.fileName))
        if let id = file.contentID { header += try HeaderText.field(name: "Content-ID", value: try Self.angled(id, field: "ContentId")) }
        if let description = file.contentDescription {
            header += try HeaderText.field(
                name: "Content-Description", value: try HeaderText.unstructured(description, field: "ContentDescription"))
        }
        return .leaf(header: header, body: Self.encode(file.content, encoding))
    }

    /// Lower-cased media type, parameters kept; checked to be of a kind that a single part can have.
    private static func mediaType(of file: Attachment) throws(ComposeError) -> String {
        guard let given = file.contentType, !given.isEmpty else {
            return Attachment.mediaType(ofFileName: file.fileName)
        }
        let bytes = Array(given.utf8)
        guard bytes.allSatisfy({ ASCII.isVisible($0) || $0 == ASCII.space }), let parsed = ContentType(fieldValue: bytes), parsed.type != "multipart",
            parsed.parameters["name"] == nil
        else { throw ComposeError(.invalidValue, field: "ContentType") }
        return given
    }

    /// Whether octets may travel as they are: ASCII, CRLF line endings only, no long lines, nothing that mail systems alter, no boundary.
    private func isSevenBit(_ octets: [UInt8]) -> Bool {
        var lineLength = 0
        var previous: UInt8 = 0
        for (index, byte) in octets.enumerated() {
            if byte > 0x7E || (byte < 0x20 && byte != ASCII.tab && byte != ASCII.cr && byte != ASCII.lf) { return false }
            if (byte == ASCII.lf) != (previous == ASCII.cr) { return false }
            if byte == 0x46, lineLength == 0, octets[index...].starts(with: "From ".utf8) { return false }
            if byte == ASCII.hyphen, lineLength == 0, octets[index...].starts(with: "--=_".utf8) { return false }
            lineLength = byte == ASCII.lf ? 0 : byte == ASCII.cr ? lineLength : lineLength + 1
            if lineLength > HeaderText.maximumLineLength { return false }
            previous = byte
        }
        return previous != ASCII.cr
    }

    private static func encode(_ octets: [UInt8], _ encoding: TransferEncoding) -> [UInt8] {
        switch encoding {
        case .base64: Base64.encodeLines(octets)
        case .quotedPrintable: QuotedPrintable.encode(octets)
        case .sevenBit, .eightBit, .binary: octets
        }
    }
}
