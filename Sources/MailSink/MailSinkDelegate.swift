import NIOCore
import SMTPProtocol
import SMTPTransport

/// One connection to a sink: applies the rules, counts, keeps, stores.
final class MailSinkDelegate: SMTPServerDelegate {
    private let record: MailSinkRecord
    private let engine: MailSinkRuleEngine
    private let store: MailSinkStore?
    private let keeps: Bool
    private let countsCopies: Bool
    private let connectionID: UInt64
    private let remote: String
    private var hello = ""
    private var sender = ""
    private var recipients: [String] = []
    /// The content: all of it when it is stored or kept, its first octets when an id is wanted, nothing otherwise.
    private var content = ByteBuffer()
    private var octets = 0
    /// A rule that acts once so much content has come.
    private var contentRule: (prepared: MailSinkRuleEngine.Prepared, delay: Duration)?
    private var looksForContentRule = true
    /// The exact account of what happens to each recipient, when one is kept.
    private var arrivals: ArrivalRecorder?

    init(
        connection: SMTPServerConnection, record: MailSinkRecord, engine: MailSinkRuleEngine, store: MailSinkStore?,
        configuration: MailSinkConfiguration
    ) {
        self.record = record
        self.engine = engine
        self.store = store
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
        record.connectionClosed(wasEncrypted: connection.tls != nil)
    }

    func discardContent(connection: SMTPServerConnection) {
        content = ByteBuffer()
        octets = 0
        arrivals?.discard()
    }

    // MARK: - Requests

    func handle(_ request: SMTPServerRequest, connection: SMTPServerConnection) {
        switch request {
        case .connect: decide(.connect, connection) { _, _ in }
        case .hello(let name, _):
            hello = name
            decide(.ehlo, connection) { delegate, _ in delegate.endTransaction() }
        case .startTLS:
            decide(.starttls, connection) { _, _ in }
        case .authenticate: connection.answer(.accept)
        case .mail(let address, _):
            sender = address?.string ?? ""
            recipients.removeAll(keepingCapacity: true)
            decide(.mail, connection) { _, _ in }
        case .recipient(let address, _):
            let recipient = address.string
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

    /// Answers by the rules.
    ///
    /// - Parameter accepted: called before the answer when the rules let the request pass.
    private func decide(
        _ stage: MailSinkStage, _ connection: SMTPServerConnection, recipient: String? = nil,
        accepted: @escaping (MailSinkDelegate, SMTPServerConnection) -> Void
    ) {
        guard engine.hasRules(at: stage) else {
            accepted(self, connection)
            return connection.answer(.accept)
        }
        let decision = engine.decide(stage, facts(connection, recipient: recipient)) { record.ruleActed($0) }
        after(decision.delay, connection) { [self] in
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
        octets += slice.readableBytes
        arrivals?.receive(slice)
        if store != nil || keeps || ((countsCopies || engine.needsMessageID) && content.readableBytes < MessageIDScanner.window) {
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
        guard engine.hasRules(at: .dot) else { return accept(octets, id: id, connection) }
        let decision = engine.decide(.dot, facts(connection, messageID: id)) { record.ruleActed($0) }
        after(decision.delay, connection) { [self] in
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
        guard store != nil || keeps else {
            arrived(octets, code: 250, connection)
            record.messageAccepted(recipients: count, octets: octets, id: id, message: nil)
            endTransaction()
            return apply(rule, connection) { connection.answer(.accept) }
        }
        let message = MailSinkMessage(
            sequence: record.nextSequence(), arrivedAt: WallClock.now() / 1_000_000, connection: connectionID, remoteAddress: remote,
            localAddress: connection.localAddress?.ipAddress ?? "", tls: connection.tls?.version, hello: hello, sender: sender,
            recipients: recipients,
            id: id, content: keeps ? Self.copy(content) : content)
        endTransaction()
        let recipients = message.recipients
        guard let store else {
            arrived(octets, code: 250, recipients: recipients, connection)
            record.messageAccepted(recipients: count, octets: octets, id: id, message: message)
            return apply(rule, connection) { connection.answer(.accept) }
        }
        store.write(message, on: connection.eventLoop).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success:
                arrived(octets, code: 250, recipients: recipients, connection)
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
        contentRule = nil
        looksForContentRule = true
    }

    /// A kept slice would keep the whole buffer it was read into.
    private static func copy(_ content: ByteBuffer) -> ByteBuffer {
        var copy = ByteBufferAllocator().buffer(capacity: content.readableBytes)
        copy.writeImmutableBuffer(content)
        return copy
    }
}
