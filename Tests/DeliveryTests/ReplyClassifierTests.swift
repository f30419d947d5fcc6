import ApusCore
import Delivery
import SMTPProtocol
import Testing

/// What large providers and common servers say, and what follows from it.
@Suite struct ReplyClassifierTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var code: UInt16
        var text: String
        var stage: SMTPStage
        var failure: FailureClass
        var bounce: BounceKind
        var delay: DelayType
        var status: String

        init(
            _ code: UInt16, _ text: String, _ stage: SMTPStage = .recipient, _ failure: FailureClass, _ bounce: BounceKind,
            _ delay: DelayType = .general, _ status: String
        ) {
            self.code = code
            self.text = text
            self.stage = stage
            self.failure = failure
            self.bounce = bounce
            self.delay = delay
            self.status = status
        }

        var testDescription: String { "\(self.code) \(self.text.prefix(60))" }
    }

    static let permanent: [Case] = [
        // Gmail
        Case(
            550,
            "5.1.1 The email account that you tried to reach does not exist. Please try\n5.1.1 double-checking the recipient's email address for typos or\n5.1.1 unnecessary spaces. For more information, go to\n5.1.1  https://support.example/mail/?p=NoSuchUser a1-20020a sor1 - gsmtp",
            .recipient, .permanent, .noEmail, .general, "5.1.1"),
        Case(550, "5.2.1 The email account that you tried to reach is disabled. gsmtp", .recipient, .permanent, .permanent, .general, "5.2.1"),
        Case(
            552, "5.2.2 The recipient's inbox is out of storage space and inactive.\n5.2.2 Please direct the recipient to gsmtp", .recipient,
            .permanent, .mailboxFull, .general, "5.2.2"),
        Case(
            550,
            "5.7.26 This mail has been blocked because the sender is unauthenticated.\n5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.",
            .finalDot, .permanent, .permanent, .general, "5.7.26"),
        Case(
            550,
            "5.7.1 [192.0.2.1      12] Our system has detected that this message is\n5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail,\n5.7.1 this message has been blocked.",
            .finalDot, .permanent, .contentRejected, .general, "5.7.1"),
        Case(
            550,
            "5.7.1 [192.0.2.1] Our system has detected that this message is likely suspicious due to the very low reputation of the sending IP address.",
            .finalDot, .permanent, .permanent, .general, "5.7.1"),
        Case(
            552, "5.7.0 This message was blocked because its content presents a potential\n5.7.0 security issue.", .finalDot, .permanent,
            .attachmentRejected, .general, "5.7.0"),
        Case(552, "5.3.4 Your message exceeded Google's message size limits.", .finalDot, .permanent, .messageTooLarge, .general, "5.3.4"),
        Case(552, "5.3.4 Message size exceeds fixed limit", .mail, .permanent, .messageTooLarge, .general, "5.3.4"),
        // Outlook, Exchange Online
        Case(
            550,
            "5.7.515 Access denied, sending domain example.com does not meet the required authentication level. The sender's domain in the 5322.From address doesn't meet the authentication requirements",
            .finalDot, .permanent, .permanent, .general, "5.7.515"),
        Case(
            550, "5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.example",
            .recipient, .permanent, .permanent, .general, "5.7.606"),
        Case(
            550,
            "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
            .mail, .permanent, .permanent, .general, "5.7.1"),
        Case(550, "5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", .recipient, .permanent, .noEmail, .general, "5.5.0"),
        Case(550, "5.4.1 Recipient address rejected: Access denied. [AM6EUR05FT047.example]", .recipient, .permanent, .noEmail, .general, "5.4.1"),
        Case(
            550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", .recipient, .permanent, .noEmail, .general,
            "5.1.10"),
        Case(554, "5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", .finalDot, .permanent, .mailboxFull, .general, "5.2.2"),
        // Yahoo, AOL
        Case(
            554, "delivery error: dd This user doesn't have a yahoo.com account (someone@yahoo.example) [0] - mta4321", .finalDot, .permanent,
            .noEmail, .general, "5.1.1"),
        Case(552, "1 Requested mail action aborted, mailbox not found", .finalDot, .permanent, .noEmail, .general, "5.1.1"),
        Case(
            554, "5.7.9 Message not accepted for policy reasons. See https://postmaster.example/error-codes", .finalDot, .permanent, .permanent,
            .general, "5.7.9"),
        Case(
            553, "5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list", .mail, .permanent, .permanent,
            .general, "5.7.1"),
        // Common servers
        Case(
            550, "5.1.1 <a@example.com>: Recipient address rejected: User unknown in virtual mailbox table", .recipient, .permanent, .noEmail,
            .general, "5.1.1"),
        Case(550, "No such user here", .recipient, .permanent, .noEmail, .general, "5.1.1"),
        Case(550, "Unrouteable address", .recipient, .permanent, .noEmail, .general, "5.1.1"),
        Case(
            554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", .recipient, .permanent, .permanent, .general,
            "5.7.1"),
        Case(554, "5.7.1 <a@example.com>: Relay access denied", .recipient, .permanent, .permanent, .general, "5.7.1"),
        Case(550, "5.7.1 Message rejected as spam by Content Filtering.", .finalDot, .permanent, .contentRejected, .general, "5.7.1"),
        Case(554, "5.6.0 message content not acceptable", .finalDot, .permanent, .contentRejected, .general, "5.6.0"),
        Case(552, "5.7.0 Message contains an attachment type that is not allowed", .finalDot, .permanent, .attachmentRejected, .general, "5.7.0"),
        Case(550, "Virus found: Eicar-Test-Signature", .finalDot, .permanent, .attachmentRejected, .general, "5.6.0"),
        Case(552, "Requested mail action aborted: exceeded storage allocation", .recipient, .permanent, .mailboxFull, .general, "5.2.2"),
        Case(552, "Message size exceeds maximum value", .mail, .permanent, .messageTooLarge, .general, "5.3.4"),
        Case(550, "5.1.10 Recipient address has a null MX", .recipient, .permanent, .permanent, .general, "5.1.10"),
        Case(556, "Domain does not accept mail", .recipient, .permanent, .permanent, .general, "5.0.0"),
        Case(501, "5.1.3 Bad recipient address syntax", .recipient, .permanent, .permanent, .general, "5.1.3"),
        Case(554, "Transaction failed", .finalDot, .permanent, .undetermined, .general, "5.0.0"),
        Case(599, "", .finalDot, .permanent, .undetermined, .general, "5.0.0"),
        // A status of the wrong class is text.
        Case(550, "4.2.2 what", .recipient, .permanent, .permanent, .general, "5.0.0"),
    ]

    static let transient: [Case] = [
        // Gmail
        Case(
            421,
            "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\n4.7.28 from your IP address. To protect our users from spam, mail sent from\n4.7.28 your IP address has been temporarily rate limited.",
            .finalDot, .policy, .transient, .ipFailure, "4.7.28"),
        Case(
            421, "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\n4.7.28 from your DKIM domain [example.com 36].",
            .finalDot, .policy, .contentRejected, .spamDetected, "4.7.28"),
        Case(452, "4.2.2 The recipient's inbox is out of storage space. gsmtp", .recipient, .transient, .mailboxFull, .mailboxFull, "4.2.2"),
        Case(
            450,
            "4.2.1 The user you are trying to contact is receiving mail at a rate that\n4.2.1 prevents additional messages from being delivered.",
            .recipient, .transient, .transient, .general, "4.2.1"),
        Case(451, "4.7.26 Your email has been rate limited because this mail is unauthenticated", .finalDot, .policy, .transient, .general, "4.7.26"),
        Case(451, "4.3.0 Mail server temporarily rejected message. gsmtp", .finalDot, .transient, .transient, .recipientServerError, "4.3.0"),
        // Yahoo
        Case(
            421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1", .mail, .policy,
            .transient, .ipFailure, "4.7.0"),
        Case(
            421, "4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.", .mail, .policy, .transient,
            .ipFailure, "4.7.1"),
        Case(451, "4.3.2 Please retry from a different IP address", .recipient, .policy, .transient, .ipFailure, "4.3.2"),
        // Outlook
        Case(
            451,
            "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.example (S775)",
            .recipient, .policy, .transient, .ipFailure, "4.7.650"),
        Case(
            421, "RP-001 (BAY004-MC1F1) Unfortunately, some messages from 192.0.2.1 weren't sent. rate limit exceeded", .mail, .policy, .transient,
            .ipFailure, "4.0.0"),
        Case(452, "4.5.3 Too many recipients (AS780090)", .recipient, .transient, .transient, .general, "4.5.3"),
        Case(450, "4.7.3 Organization queue quota exceeded.", .finalDot, .transient, .mailboxFull, .mailboxFull, "4.7.3"),
        // Common servers
        Case(451, "4.7.1 Greylisting in action, please come back in 5 minutes", .recipient, .transient, .transient, .general, "4.7.1"),
        Case(
            450, "4.2.0 <a@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example", .recipient, .transient, .transient,
            .general, "4.2.0"),
        Case(451, "Temporary local problem - please try later", .recipient, .transient, .transient, .recipientServerError, "4.0.0"),
        Case(452, "4.3.1 Insufficient system storage", .mail, .transient, .transient, .recipientServerError, "4.3.1"),
        Case(421, "4.3.2 Service not available, closing transmission channel", .mail, .transient, .transient, .recipientServerError, "4.3.2"),
        Case(421, "4.4.2 mx.example.com Error: timeout exceeded", .data, .transient, .transient, .transientCommunicationFailure, "4.4.2"),
        Case(450, "4.1.8 <a@example.com>: Sender address rejected: Domain not found", .mail, .transient, .transient, .general, "4.1.8"),
        Case(452, "4.2.2 Over quota", .recipient, .transient, .mailboxFull, .mailboxFull, "4.2.2"),
        Case(421, "Too many concurrent SMTP connections; please try again later.", .mail, .policy, .transient, .ipFailure, "4.0.0"),
        Case(450, "Requested mail action not taken: mailbox busy", .recipient, .transient, .transient, .general, "4.0.0"),
        Case(451, "4.7.0 Message looks like spam, try later", .finalDot, .policy, .contentRejected, .spamDetected, "4.7.0"),
        Case(454, "whatever", .recipient, .transient, .transient, .undetermined, "4.0.0"),
        Case(421, "", .mail, .transient, .transient, .recipientServerError, "4.0.0"),
        // RFC 5321 section 4.5.3.1.10: 552 is 452 here.
        Case(552, "Too many recipients", .recipient, .transient, .transient, .general, "4.0.0"),
        Case(550, "5.5.3 Too many recipients", .recipient, .transient, .transient, .general, "4.5.3"),
        // Before the first MAIL nothing judges the message.
        Case(554, "5.7.1 Connection refused: 192.0.2.1 is on our blocklist", .banner, .policy, .transient, .ipFailure, "4.7.1"),
        Case(550, "Denied", .hello, .policy, .transient, .general, "4.0.0"),
        Case(421, "4.7.0 Too many connections from your host", .banner, .policy, .transient, .ipFailure, "4.7.0"),
    ]

    @Test(arguments: Self.permanent + Self.transient)
    func verdict(_ test: Case) {
        let failure = ReplyClassifier.shared.classify(SMTPReply(code: test.code, text: test.text), stage: test.stage)
        #expect(failure.failure == test.failure)
        #expect(failure.bounce == test.bounce)
        if test.failure != .permanent { #expect(failure.delay == test.delay) }
        #expect(failure.status == test.status)
    }

    @Test func diagnosticIsOneLineWithItsCodes() {
        let failure = ReplyClassifier.shared.classify(SMTPReply(code: 550, text: "5.1.1 No such user.\n5.1.1 Sorry."), stage: .recipient)
        #expect(failure.diagnostic == "550-5.1.1 No such user. 550 5.1.1 Sorry.")
    }

    @Test func longRepliesAreCutBetweenCharacters() {
        let failure = ReplyClassifier.shared.classify(SMTPReply(code: 550, text: String(repeating: "ü", count: 5000)), stage: .recipient)
        #expect(failure.diagnostic.utf8.count <= ReplyText.maximumOctets)
        #expect(failure.diagnostic.hasSuffix("ü"))
    }

    @Test func wordsAreFoundInAnyCaseAndOverLines() {
        let split = SMTPReply(code: 550, text: "5.0.0 The MAILBOX\n5.0.0 is   FULL")
        #expect(ReplyClassifier.shared.classify(split, stage: .recipient).bounce == .mailboxFull)
    }

    @Test func lineThatWasWrittenIsReadAgain() throws {
        let line = ReplyText.line(SMTPReply(code: 452, text: "4.2.2 Over quota"))
        let reply = try #require(ReplyText.parse(line))
        #expect(ReplyClassifier.shared.classify(reply, stage: .finalDot).delay == .mailboxFull)
        #expect(ReplyText.parse("") == nil)
        #expect(ReplyText.parse("abc") == nil)
        #expect(ReplyText.parse("199 x") == nil)
    }
}

@Suite struct LocalFailureTests {
    @Test(arguments: [
        (DeliveryFailure.Routing.noSuchDomain, FailureClass.permanent, "5.4.4"), (.nullExchanger, .permanent, "5.1.10"),
        (.invalidDomain, .permanent, "5.1.2"), (.noAnswer, .transient, "4.4.3"), (.noAddress, .transient, "4.4.4"),
    ])
    func routing(_ routing: DeliveryFailure.Routing, _ failure: FailureClass, _ status: String) {
        let made = DeliveryFailure(routing: routing)
        #expect(made.failure == failure)
        #expect(made.status == status)
        #expect(made.diagnostic.contains(status))
        #expect(made.bounce == (failure == .permanent ? .permanent : .transient))
    }

    @Test func interruptions() {
        func failure(_ stage: SMTPStage, _ cause: SMTPInterruption.Cause) -> DeliveryFailure {
            DeliveryFailure(SMTPInterruption(stage: stage, cause: cause), classifier: .shared)
        }
        #expect(failure(.connect, .connectFailed("refused")).status == "4.4.1")
        #expect(failure(.connect, .connectFailed("refused")).delay == .transientCommunicationFailure)
        #expect(failure(.finalDot, .timedOut).status == "4.4.2")
        #expect(failure(.data, .connectionClosed).failure == .transient)
        #expect(failure(.banner, .protocolViolation(SMTPProtocolError(.malformedReply))).delay == .recipientServerError)
        #expect(failure(.hello, .tlsNotOffered).failure == .policy)
        #expect(failure(.banner, .reply(SMTPReply(code: 554, text: "5.7.1 no"))).failure == .policy)
    }

    @Test func statedLimits() {
        #expect(DeliveryFailure(.tooLarge(octets: 2, limit: 1)).bounce == .messageTooLarge)
        #expect(DeliveryFailure(.smtpUTF8NotOffered).status == "5.6.7")
        #expect(DeliveryFailure(.eightBitNotOffered).bounce == .contentRejected)
    }

    @Test func expiryKeepsTheLastReply() {
        let last = ReplyClassifier.shared.classify(SMTPReply(code: 452, text: "4.2.2 Over quota"), stage: .recipient)
        let expired = DeliveryFailure.expired(last: last, minutes: 840, isSendersDeadline: false)
        #expect(expired.diagnostic == "550 4.4.7 Message expired: unable to deliver in 840 minutes.<452 4.2.2 Over quota>")
        #expect(expired.bounce == .mailboxFull)
        #expect(expired.failure == .permanent)
        #expect(DeliveryFailure.expired(last: last, minutes: 5, isSendersDeadline: true).bounce == .customTimeoutExceeded)
        #expect(DeliveryFailure.expired(last: nil, minutes: 5, isSendersDeadline: false).bounce == .transient)
    }
}
