internal import ApusCore
internal import MailMessage
internal import SESModel

/// Makes a message of simple content.
enum SimpleComposition {
    /// Checks what can be checked before anything is composed.
    ///
    /// - Throws: ``SESError``, bad request.
    static func check(_ content: SimpleContent, maximumBytes: Int) throws(SESError) {
        guard content.byteCount <= maximumBytes else { throw MessageSize.tooLarge(maximumBytes) }
        guard content.text != nil || content.html != nil else { throw .badRequest("Body must have a Text or an Html part.") }
        // Two texts and the multiparts around them count as parts, too.
        guard content.attachments.count <= MessageLimits().parts - 5 else { throw .badRequest("The message has too many MIME parts.") }
        if let file = content.attachments.first(where: { RefusedAttachment.isRefused($0.fileName) }) {
            throw .badRequest(Self.refusal(ofFile: file.fileName))
        }
        for (name, _) in content.headers where name.utf8.count >= 6 && name.prefix(6).uppercased() == "X-SES-" {
            throw .badRequest("Header \(name) cannot be set. Use the member of the request instead.")
        }
        var names: Set<String> = []
        for (name, _) in content.headers where !names.insert(name.lowercased()).inserted {
            throw .badRequest("Duplicate header '\(name)'.")
        }
        for (name, value) in content.headers where name.utf8.count + value.utf8.count > 996 {
            throw .badRequest("The name and value of header \(name) together cannot exceed 996 characters.")
        }
    }

    /// The words for a file that SES does not take; a name from a message is cut, it may be of any length.
    static func refusal(ofFile name: String) -> String {
        "Illegal filename '\(name.prefix(100))': attachments with this extension are not accepted."
    }

    /// - Throws: ``SESError``, bad request.
    static func compose(
        _ content: SimpleContent, from: Mailbox, envelope: Envelope, replyTo: [Mailbox], stamp: MessageStamp
    ) throws(SESError) -> PreparedMessage {
        var composer = MessageComposer(
            from: from, date: stamp.acceptedAt.rawValue, messageID: stamp.headerID, boundarySeed: stamp.id.rawValue)
        composer.to = envelope.to
        composer.cc = envelope.cc
        composer.replyTo = replyTo
        composer.subject = content.subject
        composer.text = content.text
        composer.html = content.html
        composer.attachments = content.attachments
        composer.headers = content.headers.filter { $0.name.lowercased() != "feedback-id" }
        composer.headers.append((name: "Feedback-ID", value: stamp.feedbackID))
        let bytes: [UInt8]
        do throws(ComposeError) {
            bytes = try composer.compose()
        } catch {
            throw .badRequest("\(error.description).")
        }
        let header: HeaderBlock
        do throws(MessageError) {
            header = try HeaderBlock(bytes)
        } catch {
            throw .badRequest("\(error.description).")
        }
        return PreparedMessage(
            bytes: bytes, header: header, isEightBit: false,
            isRefusedContent: content.attachments.contains { EICARTestFile.begins($0.content) }
                || EICARTestFile.begins(Array((content.text?.text ?? "").utf8.prefix(256))))
    }
}
