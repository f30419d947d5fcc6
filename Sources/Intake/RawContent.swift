internal import MailMessage
internal import SESModel

/// A raw message on its way in: checked first, finished once it has its id.
struct RawContent {
    let message: RawMessage
    let isRefusedContent: Bool

    /// - Throws: ``SESError``, bad request.
    init(_ bytes: [UInt8], maximumBytes: Int) throws(SESError) {
        guard !bytes.isEmpty else { throw .badRequest("The message is empty.") }
        guard bytes.count <= maximumBytes else { throw MessageSize.tooLarge(maximumBytes) }
        let refusedName: String?
        do throws(MessageError) {
            let message = try RawMessage(bytes)
            let structure = try MIMEStructure(message)
            self.isRefusedContent = EICARTestFile.isContained(in: structure)
            refusedName = RefusedAttachment.firstName(in: structure)
            self.message = message
        } catch {
            throw .badRequest("\(error.description).")
        }
        if let refusedName { throw .badRequest(SimpleComposition.refusal(ofFile: refusedName)) }
        if let name = SingleInstanceHeaders.firstDuplicate(in: self.message.header) {
            throw .badRequest("Duplicate header '\(name)'.")
        }
        for name in ["X-SES-LIST-MANAGEMENT-OPTIONS", "X-SES-TENANT"] where self.message.header.first(name) != nil {
            throw .badRequest("Header \(name) is not supported by this version of Apus. Remove it from the message.")
        }
    }

    var header: HeaderBlock { self.message.header }

    /// The configuration set that the message itself names.
    var configurationSet: String? {
        guard let value = self.header.value("X-SES-CONFIGURATION-SET"), !value.isEmpty else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// ARNs of sending authorisation; the first field of each name counts.
    var identityARNs: [String] {
        ["X-SES-SOURCE-ARN", "X-SES-FROM-ARN", "X-SES-RETURN-PATH-ARN"].compactMap { name in
            self.header.value(name).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The message with its own identification, and without what is not for recipients' eyes.
    ///
    /// - Throws: ``SESError``, bad request.
    func finished(_ stamp: MessageStamp, from: Mailbox) throws(SESError) -> PreparedMessage {
        var edits: [HeaderEdit] = [
            .remove("Bcc"), .remove("Return-Path"), .removePrefixed("X-SES-"),
            .replace(name: "Message-ID", value: Array("<\(stamp.headerID)>".utf8)),
            .replace(name: "Date", value: Array(stamp.date.utf8)),
            .replace(name: "Feedback-ID", value: Array(stamp.feedbackID.utf8)),
        ]
        do throws(ComposeError) {
            if self.header.first("From") == nil { edits.append(.append(name: "From", value: try from.headerBytes())) }
            return PreparedMessage(
                bytes: try self.message.applying(edits), header: self.header, isEightBit: self.message.isEightBit,
                isRefusedContent: self.isRefusedContent)
        } catch {
            throw .badRequest("\(error.description).")
        }
    }
}
