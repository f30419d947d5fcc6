import NIOCore
import SMTPProtocol
import SMTPTransport

/// One connection to a sink: applies limits and rules, counts, keeps, stores, has recipients react.
final class MailSinkDelegate: SMTPServerDelegate {
    private let record: MailSinkRecord
    private let engine: MailSinkRuleEngine
    private let limiter: MailSinkLimiter?
    private let store: MailSinkStore?
    private let configuration: MailSinkConfiguration
    /// nil when nothing is limited.
    private let limits: MailSinkLimits?
    private let keeps: Bool
    private let countsCopies: Bool
    private let connectionID: UInt64
    private let remote: String
    private let thinks: Bool
    private var random: SplitMix64
    private var ticket: MailSinkLimiter.Ticket?
    /// Messages begun.
    private var messages = 0
    private var hello = ""
    private var sender = ""
    private var recipients: [String] = []
    /// The content: all of it when it is stored or kept, its first octets when an id is wanted, nothing otherwise.
    private var content = ByteBuffer()
    private var octets = 0
    /// A rule that acts once so much content has come.
    private var contentRule: (prepared: MailSinkRuleEngine.Prepared, delay: Duration)?
    private var looksForContentRule = true
    /// What recipients will do with the message being received.
    private var reactions: [(reaction: MailSinkReaction, recipient: String)] = []
    /// The exact account of what happens to each recipient, when one is kept.
    private var arrivals: ArrivalRecorder?

    init(
        connection: SMTPServerConnection, record: MailSinkRecord, engine: MailSinkRuleEngine, limiter: MailSinkLimiter?, store: MailSinkStore?,
        configuration: MailSinkConfiguration
    ) {
        self.record = record
        self.engine = engine
        self.limiter = limiter
        self.store = store
        self.configuration = configuration
        limits = configuration.limits.isEmpty ? nil : configuration.limits
        thinks = !configuration.latency.stages.isEmpty
        random = SplitMix64(state: configuration.rules.seed ^ (connection.id &* 0x9E37_79B9_7F4A_7C15))
        keeps = configuration.keptMessages > 0
        countsCopies = configuration.countsCopies
        connectionID = connection.id
        remote = connection.remoteAddress?.ipAddress ?? ""
        arrivals = record.arrivals.map {
            ArrivalRecorder(
                log: $0, provider: configuration.provider, connection: connection.id, remote: connection.remoteAddress, sabotage: record.sabotage)
        }
        record.connectionOpened()
    }

    func closed(connection: SMTPServerConnection) {
        if let ticket { limiter?.close(ticket) }
        record.connectionClosed(wasEncrypted: connection.tls != nil)
    }

    func discardContent(connection: SMTPServerConnection) {
        content = ByteBuffer()
        octets = 0
        reactions.removeAll()
        arrivals?.discard()
    }

    // MARK: - Requests

    func handle(_ request: SMTPServerRequest, connection: SMTPServerConnection) {
        switch request {
        case .connect: handleConnect(connection)
        case .hello(let name, _):
            hello = name
            decide(.ehlo, connection) { delegate, _ in delegate.endTransaction() }
        case .startTLS:
            if configuration.encryption == .broken { return breakTLS(connection) }
            decide(.starttls, connection) { _, _ in }
        case .authenticate: connection.answer(.accept)
        case .mail(let address, _):
            sender = address?.string ?? ""
            recipients.removeAll(keepingCapacity: true)
            if let (reply, closes) = refusalOfMail(connection) { return refuse(.mail, reply, closes: closes, connection) }
            messages += 1
            decide(.mail, connection) { _, _ in }
        case .recipient(let address, _):
            let recipient = address.string
            if let reply = refusal(of: address) { return refuse(.rcpt, reply, recipient: recipient, connection) }
            decide(.rcpt, connection, recipient: recipient) { delegate, _ in delegate.recipients.append(recipient) }
        case .data:
            decide(.data, connection) { delegate, connection in delegate.discardContent(connection: connection) }
        case .message(let octets): handleMessage(octets, connection)
        case .reset: decide(.rset, connection) { delegate, _ in delegate.endTransaction() }
        case .noop: decide(.noop, connection) { _, _ in }
        case .verify: decide(.vrfy, connection) { _, _ in }
        case .quit: decide(.quit, connection) { _, _ in }
        }
    }

    private func handleConnect(_ connection: SMTPServerConnection) {
        if let limiter {
            let ticket = limiter.open(remote)
            self.ticket = ticket
            if let refusal = ticket.refusal {
                record.limitReached(refusal.name)
                return refuse(.connect, refusal.reply, closes: true, connection)
            }
        }
        decide(.connect, connection) { _, _ in }
    }

    /// Says that the handshake may begin, and something else than a handshake.
    private func breakTLS(_ connection: SMTPServerConnection) {
        connection.answer(.raw(ByteBuffer(staticString: "220 2.0.0 Ready to start TLS\r\n"), accepted: false))
        guard connection.isOpen else { return }
        var garbage = ByteBuffer()
        for _ in 0..<32 { garbage.writeInteger(random.next() | 0x8080_8080_8080_8080) }
        // The 220 should be read by itself: behind it the client expects TLS.
        after(.milliseconds(20), connection) { connection.close(after: garbage) }
    }

    private static let wantsTLS = ReplyTemplate(SMTPReply(code: 530, text: "5.7.0 Must issue a STARTTLS command first"))
    private static let isNoRelay = ReplyTemplate(SMTPReply(code: 554, text: "5.7.1 <{recipient}>: Relay access denied"))

    private func refusalOfMail(_ connection: SMTPServerConnection) -> (ReplyTemplate, closes: Bool)? {
        if configuration.encryption == .required, connection.tls == nil { return (Self.wantsTLS, false) }
        guard let limits else { return nil }
        if let bound = limits.messagesPerConnection, messages >= bound.count {
            record.limitReached("messagesPerConnection")
            return (bound.reply, true)
        }
        if let limiter, let ticket, let rate = limits.messageRate, !limiter.message(ticket) {
            record.limitReached("messageRate")
            return (rate.reply, rate.point == .connect)
        }
        return nil
    }

    private func refusal(of recipient: SMTPAddress) -> ReplyTemplate? {
        if let domains = configuration.domains, !domains.contains(where: { $0.matches(recipient.domain) }) { return Self.isNoRelay }
        guard let limits else { return nil }
        if let bound = limits.recipientsPerMessage, recipients.count >= bound.count {
            record.limitReached("recipientsPerMessage")
            return bound.reply
        }
        if let limiter, let ticket, let rate = limits.recipientRate, !limiter.recipient(ticket) {
            record.limitReached("recipientRate")
            return rate.reply
        }
        return nil
    }

    /// Refuses before any rule is looked at.
    private func refuse(
        _ stage: MailSinkStage, _ template: ReplyTemplate, closes: Bool = false, recipient: String? = nil, _ connection: SMTPServerConnection
    ) {
        let reply = template.hasFields ? template.filled(remote: remote, recipient: recipient, id: record.nextReplyID()) : template.reply
        after(latency(at: stage), connection) { [self] in
            if let recipient { arrivals?.recipient(recipient, code: reply.code, isEncrypted: connection.tls != nil) }
            guard closes else { return connection.answer(.reply(reply)) }
            var octets = ByteBuffer()
            reply.write(to: &octets)
            connection.answer(.closeAfter(octets))
        }
    }

    private func latency(at stage: MailSinkStage) -> Duration {
        thinks ? configuration.latency.duration(at: stage, using: &random) : .zero
    }

    /// Answers by the rules.
    ///
    /// - Parameter accepted: called before the answer when the rules let the request pass.
    private func decide(
        _ stage: MailSinkStage, _ connection: SMTPServerConnection, recipient: String? = nil,
        accepted: @escaping (MailSinkDelegate, SMTPServerConnection) -> Void
    ) {
        let latency = latency(at: stage)
        guard engine.hasRules(at: stage) else {
            if latency > .zero {
                return after(latency, connection) { [self] in
                    accepted(self, connection)
                    connection.answer(.accept)
                }
            }
            accepted(self, connection)
            return connection.answer(.accept)
        }
        let decision = engine.decide(stage, facts(connection, recipient: recipient)) { record.ruleActed($0) }
        after(decision.delay + latency, connection) { [self] in
            if let recipient, let code = decision.rule?.refusalCode {
                arrivals?.recipient(recipient, code: code, isEncrypted: connection.tls != nil)
            }
            apply(decision.rule, connection, recipient: recipient) { [self] in
                accepted(self, connection)
                connection.answer(.accept)
            }
        }
    }

    private func facts(_ connection: SMTPServerConnection, recipient: String? = nil, messageID: String? = nil) -> MailSinkRuleEngine.Facts {
        MailSinkRuleEngine.Facts(
            connection: connectionID, remote: remote, hello: hello, isEncrypted: connection.tls != nil, sender: sender,
            recipients: recipient.map { [$0] } ?? recipients, messageID: messageID)
    }

    private func after(_ delay: Duration, _ connection: SMTPServerConnection, _ action: @escaping () -> Void) {
        guard delay > .zero else { return action() }
        connection.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
            if connection.isOpen { action() }
        }
    }

    private func apply(
        _ prepared: MailSinkRuleEngine.Prepared?, _ connection: SMTPServerConnection, recipient: String? = nil, accept: () -> Void
    ) {
        guard let prepared else { return accept() }
        switch prepared.rule.action {
        case .accept, .none: accept()
        // Replies to earlier commands of the same packet still go out.
        case .close: connection.answer(.closeAfter(ByteBuffer()))
        case .hang: connection.stopReading()
        case .reply(let reply):
            let filled = prepared.template?.filled(remote: remote, recipient: recipient ?? recipients.last, id: record.nextReplyID())
            guard prepared.rule.thenCloses else { return connection.answer(.reply(filled ?? reply)) }
            var octets = prepared.octets
            if let filled {
                octets.clear()
                filled.write(to: &octets)
            }
            connection.answer(.closeAfter(octets))
        case .raw, .garbage, .longLine:
            if prepared.rule.thenCloses { return connection.answer(.closeAfter(prepared.octets)) }
            // What looks like acceptance is meant as such; only a handshake does not follow from octets: 220 and then no TLS is a server worth having.
            let first = prepared.octets.getInteger(at: prepared.octets.readerIndex, as: UInt8.self)
            let isAccepted = (first == 0x32 || first == 0x33) && prepared.rule.stage != .starttls
            connection.answer(.raw(prepared.octets, accepted: isAccepted))
        }
    }

    // MARK: - Content

    func receive(content slice: ByteBuffer, connection: SMTPServerConnection) {
        if octets == 0 { chooseReactions() }
        octets += slice.readableBytes
        arrivals?.receive(slice)
        if !reactions.isEmpty { boundReactions() }
        if store != nil || keeps || !reactions.isEmpty || ((countsCopies || engine.needsMessageID) && content.readableBytes < MessageIDScanner.window)
        {
            if content.readableBytes == 0 { content = slice } else { content.writeImmutableBuffer(slice) }
        }
        guard looksForContentRule, engine.hasRules(at: .content) else { return }
        if contentRule == nil {
            let decision = engine.decide(.content, facts(connection)) { record.ruleActed($0) }
            guard let rule = decision.rule else {
                looksForContentRule = false
                return
            }
            contentRule = (rule, decision.delay)
        }
        guard let (prepared, delay) = contentRule, octets >= prepared.rule.afterOctets else { return }
        looksForContentRule = false
        contentRule = nil
        after(delay, connection) {
            switch prepared.rule.action {
            case .close: connection.close()
            case .hang: connection.stopReading()
            case .reply, .raw, .garbage, .longLine:
                if prepared.rule.thenCloses { connection.close(after: prepared.octets) } else { connection.writeRaw(prepared.octets) }
            case .accept, .none: break
            }
        }
    }

    private func handleMessage(_ octets: Int, _ connection: SMTPServerConnection) {
        let wantsID = countsCopies || keeps || store != nil || engine.needsMessageID
        let id = wantsID ? MessageIDScanner.id(in: content) : nil
        let latency = latency(at: .dot)
        guard engine.hasRules(at: .dot) else {
            guard latency > .zero else { return accept(octets, id: id, connection) }
            return after(latency, connection) { [self] in accept(octets, id: id, connection) }
        }
        let decision = engine.decide(.dot, facts(connection, messageID: id)) { record.ruleActed($0) }
        after(decision.delay + latency, connection) { [self] in
            if let rule = decision.rule, rule.rule.action != .accept {
                let isAccepted = isAcceptance(rule)
                // A positive reply of its own still accepts the message, and so does one that is followed by closing.
                if isAccepted { return accept(octets, id: id, connection, rule: rule) }
                record.messageRefused()
                if let code = rule.refusalCode { arrived(octets, code: code, connection) } else { arrivals?.discard() }
                endTransaction()
            }
            apply(decision.rule, connection) { [self] in accept(octets, id: id, connection) }
        }
    }

    private func isAcceptance(_ prepared: MailSinkRuleEngine.Prepared) -> Bool {
        prepared.octets.getInteger(at: prepared.octets.readerIndex, as: UInt8.self) == 0x32
    }

    private func accept(_ octets: Int, id: String?, _ connection: SMTPServerConnection, rule: MailSinkRuleEngine.Prepared? = nil) {
        let count = recipients.count
        let react = reaction(connection)
        guard store != nil || keeps else {
            arrived(octets, code: 250, connection)
            react?()
            record.messageAccepted(recipients: count, octets: octets, id: id, message: nil)
            endTransaction()
            return apply(rule, connection) { connection.answer(.accept) }
        }
        let message = MailSinkMessage(
            sequence: record.nextSequence(), arrivedAt: WallClock.milliseconds(), connection: connectionID, remoteAddress: remote,
            localAddress: connection.localAddress?.ipAddress ?? "", tls: connection.tls?.version, hello: hello, sender: sender,
            recipients: recipients,
            id: id, content: keeps ? Self.copy(content) : content)
        endTransaction()
        let recipients = message.recipients
        guard let store else {
            arrived(octets, code: 250, recipients: recipients, connection)
            react?()
            record.messageAccepted(recipients: count, octets: octets, id: id, message: message)
            return apply(rule, connection) { connection.answer(.accept) }
        }
        store.write(message, on: connection.eventLoop).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success:
                arrived(octets, code: 250, recipients: recipients, connection)
                react?()
                record.messageAccepted(recipients: count, octets: octets, id: id, message: keeps ? message : nil)
                apply(rule, connection) { connection.answer(.accept) }
            case .failure:
                arrived(octets, code: 451, recipients: recipients, connection)
                record.messageRefused()
                connection.answer(.reply(SMTPReply(code: 451, text: "4.3.0 Cannot store the message")))
            }
        }
    }

    private func arrived(_ octets: Int, code: UInt16, recipients: [String]? = nil, _ connection: SMTPServerConnection) {
        arrivals?.message(recipients: recipients ?? self.recipients, octets: octets, code: code, isEncrypted: connection.tls != nil)
    }

    private func endTransaction() {
        sender = ""
        recipients.removeAll(keepingCapacity: true)
        content = ByteBuffer()
        octets = 0
        reactions.removeAll()
        contentRule = nil
        looksForContentRule = true
    }

    /// A kept slice would keep the whole buffer it was read into.
    private static func copy(_ content: ByteBuffer) -> ByteBuffer {
        var copy = ByteBufferAllocator().buffer(capacity: content.readableBytes)
        copy.writeImmutableBuffer(content)
        return copy
    }

    // MARK: - Reactions

    /// Content begins: whether it must be kept is known now.
    private func chooseReactions() {
        guard let player = configuration.reactionSender, !configuration.reactions.list.isEmpty else { return }
        reactions = configuration.reactions.choose(
            recipients: recipients, hasReturnPath: !sender.isEmpty, seed: configuration.rules.seed, plays: player.plays)
    }

    /// What is too large is not kept.
    private func boundReactions() {
        guard let player = configuration.reactionSender, octets > player.configuration.maximumMessageOctets else { return }
        player.drop(reactions)
        reactions.removeAll()
        if store == nil, !keeps, !countsCopies, !engine.needsMessageID { content = ByteBuffer() }
    }

    /// Has recipients react, once the message is accepted; nil when nobody does.
    private func reaction(_ connection: SMTPServerConnection) -> (() -> Void)? {
        guard let player = configuration.reactionSender, !reactions.isEmpty else { return nil }
        let chosen = reactions
        let message = ReactionMessage(
            sender: sender, hello: hello, remote: remote, hostname: configuration.hostname, arrivedAt: WallClock.milliseconds(), content: content)
        return { player.add(chosen, to: message) }
    }
}
