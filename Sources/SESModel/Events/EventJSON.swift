package import ApusSchema
internal import MailMessage

/// SES's event JSON, as published for configuration sets: one object per event, members in the order of SES's own examples.
package enum EventJSON {
    /// SES's names of kinds of events, as `eventType` has them.
    package enum Kind: String, CaseIterable, Sendable {
        case send = "Send"
        case reject = "Reject"
        case delivery = "Delivery"
        case deliveryDelay = "DeliveryDelay"
        case bounce = "Bounce"
    }

    /// What kind an event is of; nil for one that a later version has written.
    package static func kind(of event: Apus_V1_SendingEvent) -> Kind? {
        switch event.event {
        case .send: .send
        case .reject: .reject
        case .delivery: .delivery
        case .deliveryDelay: .deliveryDelay
        case .bounce: .bounce
        case nil: nil
        }
    }

    /// Appends the JSON of an event, without a line end.
    ///
    /// - Returns: false, having appended nothing, for a kind of event that a later version has written.
    package static func encode(_ event: Apus_V1_SendingEvent, into output: inout [UInt8]) -> Bool {
        guard let kind = self.kind(of: event) else { return false }
        var writer = JSONWriter(appendingTo: output)
        // The writer holds the only copy from here on, so that appending does not copy the buffer.
        output = []
        writer.beginObject()
        writer.member("eventType", kind.rawValue)
        switch event.event {
        case .bounce(let bounce):
            self.write(bounce, of: event, into: &writer)
            self.writeMail(of: event, withHeaders: true, into: &writer)
        case .delivery(let delivery):
            self.writeMail(of: event, withHeaders: true, into: &writer)
            self.write(delivery, of: event, into: &writer)
        case .reject(let reject):
            self.writeMail(of: event, withHeaders: true, into: &writer)
            writer.key("reject")
            writer.beginObject()
            writer.member("reason", reject.reason)
            writer.endObject()
        case .deliveryDelay(let delay):
            self.writeMail(of: event, withHeaders: false, into: &writer)
            self.write(delay, of: event, into: &writer)
        case .send, nil:
            self.writeMail(of: event, withHeaders: true, into: &writer)
            writer.key("send")
            writer.beginObject()
            writer.endObject()
        }
        writer.endObject()
        output = writer.bytes
        return true
    }

    // MARK: Kinds

    private static func write(_ bounce: Apus_V1_SendingEvent.Bounce, of event: Apus_V1_SendingEvent, into writer: inout JSONWriter) {
        writer.key("bounce")
        writer.beginObject()
        writer.member("bounceType", bounce.bounceType)
        writer.member("bounceSubType", bounce.bounceSubType)
        writer.key("bouncedRecipients")
        self.write(bounce.recipients, into: &writer)
        writer.member("timestamp", InternetDate.iso8601(unixMilliseconds: event.occurredAtMs))
        writer.member("feedbackId", bounce.feedbackID)
        self.writeIfPresent("reportingMTA", bounce.reportingMta, into: &writer)
        self.writeIfPresent("remoteMtaIp", bounce.remoteMtaIp, into: &writer)
        writer.endObject()
    }

    private static func write(_ delivery: Apus_V1_SendingEvent.Delivery, of event: Apus_V1_SendingEvent, into writer: inout JSONWriter) {
        writer.key("delivery")
        writer.beginObject()
        writer.member("timestamp", InternetDate.iso8601(unixMilliseconds: event.occurredAtMs))
        writer.key("processingTimeMillis")
        writer.integer(delivery.processingTimeMs)
        writer.member("recipients", delivery.recipients)
        writer.member("smtpResponse", delivery.smtpResponse)
        writer.member("reportingMTA", delivery.reportingMta)
        self.writeIfPresent("remoteMtaIp", delivery.remoteMtaIp, into: &writer)
        writer.endObject()
    }

    private static func write(_ delay: Apus_V1_SendingEvent.DeliveryDelay, of event: Apus_V1_SendingEvent, into writer: inout JSONWriter) {
        writer.key("deliveryDelay")
        writer.beginObject()
        writer.member("timestamp", InternetDate.iso8601(unixMilliseconds: event.occurredAtMs))
        writer.member("delayType", delay.delayType)
        writer.member("expirationTime", InternetDate.iso8601(unixMilliseconds: delay.expirationTimeMs))
        self.writeIfPresent("reportingMTA", delay.reportingMta, into: &writer)
        writer.key("delayedRecipients")
        self.write(delay.recipients, into: &writer)
        writer.endObject()
    }

    private static func write(_ recipients: [Apus_V1_SendingEvent.Recipient], into writer: inout JSONWriter) {
        writer.beginList()
        for recipient in recipients {
            writer.beginObject()
            writer.member("emailAddress", recipient.emailAddress)
            self.writeIfPresent("action", recipient.action, into: &writer)
            self.writeIfPresent("status", recipient.status, into: &writer)
            self.writeIfPresent("diagnosticCode", recipient.diagnosticCode, into: &writer)
            writer.endObject()
        }
        writer.endList()
    }

    // MARK: The mail object

    private static func writeMail(of event: Apus_V1_SendingEvent, withHeaders: Bool, into writer: inout JSONWriter) {
        let mail = event.mail
        writer.key("mail")
        writer.beginObject()
        writer.member("timestamp", InternetDate.iso8601(unixMilliseconds: event.acceptedAtMs))
        writer.member("source", mail.source)
        self.writeIfPresent("sourceArn", mail.sourceArn, into: &writer)
        writer.member("sendingAccountId", event.account)
        writer.member("messageId", event.messageID)
        writer.member("destination", mail.destination)
        writer.key("headersTruncated")
        writer.boolean(mail.headersTruncated)
        if withHeaders {
            self.write(mail.headers, into: &writer)
            self.writeCommonHeaders(mail, messageID: event.messageID, into: &writer)
        }
        self.write(event.tags, into: &writer)
        writer.endObject()
    }

    private static func write(_ headers: [Apus_V1_HeaderLine], into writer: inout JSONWriter) {
        writer.key("headers")
        writer.beginList()
        for header in headers {
            writer.beginObject()
            writer.member("name", header.name)
            writer.member("value", header.value)
            writer.endObject()
        }
        writer.endList()
    }

    private static func writeCommonHeaders(_ mail: Apus_V1_MailSummary, messageID: String, into writer: inout JSONWriter) {
        writer.key("commonHeaders")
        writer.beginObject()
        self.writeIfPresent("returnPath", mail.returnPath, into: &writer)
        self.writeIfPresent("from", mail.from, into: &writer)
        self.writeIfPresent("sender", mail.sender, into: &writer)
        self.writeIfPresent("replyTo", mail.replyTo, into: &writer)
        self.writeIfPresent("date", mail.date, into: &writer)
        self.writeIfPresent("to", mail.to, into: &writer)
        self.writeIfPresent("cc", mail.cc, into: &writer)
        self.writeIfPresent("bcc", mail.bcc, into: &writer)
        // SES names its own id here, not the header's.
        writer.member("messageId", messageID)
        if mail.hasSubject_p { writer.member("subject", mail.subject) }
        writer.endObject()
    }

    /// Names in the order of their first use, each with all its values.
    private static func write(_ tags: [Apus_V1_Tag], into writer: inout JSONWriter) {
        writer.key("tags")
        writer.beginObject()
        var written: Set<String> = []
        for tag in tags where written.insert(tag.name).inserted {
            writer.member(tag.name, tags.filter { $0.name == tag.name }.map(\.value))
        }
        writer.endObject()
    }

    private static func writeIfPresent(_ name: String, _ value: String, into writer: inout JSONWriter) {
        if !value.isEmpty { writer.member(name, value) }
    }

    private static func writeIfPresent(_ name: String, _ values: [String], into writer: inout JSONWriter) {
        if !values.isEmpty { writer.member(name, values) }
    }
}
