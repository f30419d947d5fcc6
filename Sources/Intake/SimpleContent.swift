package import MailMessage

/// A message in pieces, as SendEmail's `Content.Simple` has it.
package struct SimpleContent: Sendable {
    package var subject: String
    package var text: BodyText?
    package var html: BodyText?
    /// Fields of the caller's own.
    package var headers: [(name: String, value: String)]
    package var attachments: [Attachment]

    package init(
        subject: String, text: BodyText?, html: BodyText?, headers: [(name: String, value: String)] = [], attachments: [Attachment] = []
    ) {
        self.subject = subject
        self.text = text
        self.html = html
        self.headers = headers
        self.attachments = attachments
    }

    var byteCount: Int {
        self.attachments.reduce(
            self.subject.utf8.count + (self.text?.text.utf8.count ?? 0) + (self.html?.text.utf8.count ?? 0)
        ) { $0 + $1.content.count }
    }
}
