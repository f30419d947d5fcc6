internal import ApusCore
internal import MailMessage

/// What the service puts on a message when it accepts it; fixed from then on, so that every later look gives the same bytes.
struct MessageStamp {
    let id: MessageID
    let acceptedAt: UnixMilliseconds
    /// The Message-ID field's content without angle brackets.
    let headerID: String
    /// The Date field.
    let date: String
    /// The envelope sender under which bounces come back.
    let returnPath: String
    /// The Feedback-ID field, by which mailbox providers group complaints: up to two fields of the caller's, the installation's, and
    /// who sends.
    let feedbackID: String

    init(id: MessageID, acceptedAt: UnixMilliseconds, account: AccountID, tags: [Submission.Tag], configuration: Intake.Configuration) {
        self.id = id
        self.acceptedAt = acceptedAt
        self.headerID = "\(id.rawValue)@\(configuration.sendingDomain)"
        self.returnPath = self.headerID
        self.date = InternetDate.rfc5322(unixMilliseconds: acceptedAt.rawValue)
        let own = MessageTags.feedbackFields.map { name in tags.first { $0.name == name }?.value ?? "" }
        self.feedbackID = "\(own[0]):\(own[1]):1.\(configuration.region.name).\(account.rawValue):\(configuration.feedbackSenderID)"
    }
}
