package import ApusCore

extension Intake {
    /// What happens to an account that hands in more recipients a second than its rate.
    package enum RatePolicy: String, Hashable, Sendable, CaseIterable {
        /// The call is refused, as SES does.
        case reject
        /// The call is accepted, and delivery is paced.
        case pace
    }

    /// How messages are taken in.
    package struct Configuration: Sendable {
        /// The region of ids and ARNs.
        package var region: Region
        /// The host of Message-ID and of return paths; lower case.
        package var sendingDomain: String
        package var ratePolicy: RatePolicy
        /// The most recipients of one message, all domains together.
        package var maximumRecipients: Int
        /// The largest finished message in bytes.
        package var maximumMessageBytes: Int
        /// The largest body that travels inside its record.
        package var inlineBodyBytes: Int
        /// The same where the recipients are in several domains, so that several records will share the body.
        package var sharedInlineBodyBytes: Int
        /// How long delivery is tried where no configuration set says otherwise.
        package var maximumDelivery: Duration
        /// How long a stored body outlives the last attempt.
        package var bodyMargin: Duration
        /// Who sends, in the Feedback-ID header that mailbox providers report by: 5 to 15 letters and digits.
        package var feedbackSenderID: String
        /// What an account may send into one pool before the rest is bulk mail, in recipients; nil for no such bound.
        package var transactionalShare: RateLimit?

        package init(
            region: Region = .usEast1, sendingDomain: String, ratePolicy: RatePolicy = .pace, maximumRecipients: Int = 50,
            maximumMessageBytes: Int = 40 << 20, inlineBodyBytes: Int = 256 << 10, sharedInlineBodyBytes: Int = 64 << 10,
            maximumDelivery: Duration = .seconds(50_400), bodyMargin: Duration = .seconds(86_400), feedbackSenderID: String = "ApusMail",
            transactionalShare: RateLimit? = nil
        ) {
            self.region = region
            self.sendingDomain = sendingDomain
            self.ratePolicy = ratePolicy
            self.maximumRecipients = maximumRecipients
            self.maximumMessageBytes = maximumMessageBytes
            self.inlineBodyBytes = inlineBodyBytes
            self.sharedInlineBodyBytes = sharedInlineBodyBytes
            self.maximumDelivery = maximumDelivery
            self.bodyMargin = bodyMargin
            self.feedbackSenderID = feedbackSenderID
            self.transactionalShare = transactionalShare
        }
    }
}
