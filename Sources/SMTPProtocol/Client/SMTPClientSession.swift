package import NIOCore

/// The client's side of an SMTP session (RFC 5321) as a pure state machine: octets, times and decisions go in, ``Action``s come out. It touches no channel,
/// no clock and no log.
///
/// One read may complete several pipelined commands, so actions are taken one by one: after every input call ``nextAction()`` until it returns nil. Writes taken
/// in one such round belong into one flush.
///
/// ```
/// S: 220 mx.example.net                          connected(), receive(_:)
/// C: EHLO mail.example.com                       write
/// S: 250-mx.example.net / 250-PIPELINING / 250 SIZE 10485760
///                                                ready
/// C: MAIL FROM:<a@example.com> SIZE=2048         start(_:) → one write
/// C: RCPT TO:<b@example.net>
/// C: DATA
/// S: 250 ok / 250 ok / 354 go on                 writeContent, beforeFinalDot
/// C: (content)                                   contentWritten()
/// C: .                                           proceed() → write
/// S: 250 2.0.0 queued                            finished
/// C: QUIT                                        quit()
/// S: 221 bye                                     close
/// ```
package struct SMTPClientSession: Sendable {
    package struct Configuration: Sendable {
        /// What `EHLO` and `HELO` say: our domain or an address literal. Must satisfy ``SMTPAddress/isDomain(_:)``.
        package var helloName: String
        package var tlsPolicy: SMTPTLSPolicy = .opportunistic
        /// Whether an opportunistic session goes on in clear when `STARTTLS` was refused by a reply. When false it is interrupted and the owner decides.
        package var continuesInClear = true
        /// Sends a transaction's commands in one write when the server offers PIPELINING (RFC 2920).
        package var usesPipelining = true
        /// Sends the content by `BDAT` when the server offers CHUNKING (RFC 3030).
        package var usesChunking = false
        /// Whether 8-bit content is sent to a server without 8BITMIME. Nearly all take it; converting it would break its signature.
        package var sends8BitAnyway = true
        package var replyLimits = SMTPReplyParser.Limits()

        package init(helloName: String) {
            precondition(SMTPAddress.isDomain(helloName.utf8), "the EHLO name is no domain")
            self.helloName = helloName
        }
    }

    /// What the caller is to do next.
    package enum Action: Sendable {
        /// Write these octets; flush when there are no more actions.
        case write(ByteBuffer)
        /// Write all buffers of the stream as the channel takes them, then call ``contentWritten()``. While blocks go out, restart the `content` limit.
        case writeContent(SMTPContentStream)
        /// The message will be complete, and may be accepted, once ``proceed()`` is called. Do what must be done before that; call ``abort()`` to keep it from
        /// being accepted. The indices are those of the recipients accepted so far.
        case beforeFinalDot(recipients: [Int])
        /// Start the TLS handshake, then call ``tlsEstablished()`` or ``tlsFailed(_:)``.
        case startTLS
        /// Start this stage's time limit, in place of the one running; call ``timedOut()`` when it passes.
        case arm(SMTPStage)
        /// Stop the time limit.
        case disarm
        /// The session is ready for ``start(_:)``.
        case ready(SMTPServerFacts)
        /// The session ended before it was ready for mail.
        case failed(SMTPInterruption)
        /// The transaction begun by ``start(_:)`` is over. The session can take another one if ``isReady``.
        case finished(SMTPTransactionResult)
        /// Close the channel. No action follows.
        case close
    }

    /// What an outstanding reply answers.
    private enum Expected {
        case banner, ehlo, helo, startTLS, reset, mail, recipient(Int), data, content, emptyContent, quit

        var stage: SMTPStage {
            switch self {
            case .banner: .banner
            case .ehlo, .helo: .hello
            case .startTLS: .startTLS
            case .reset: .reset
            case .mail: .mail
            case .recipient: .recipient
            case .data: .data
            case .content, .emptyContent: .finalDot
            case .quit: .quit
            }
        }
    }

    private enum Phase {
        case initial, opening, handshake, ready, transaction, quitting, closed
    }

    /// How far a transaction's commands have been sent.
    private enum Progress {
        case reset, mail, recipient(Int), envelopeDone, content
    }

    private struct Running {
        var transaction: SMTPTransaction
        var outcomes: [SMTPRecipientOutcome?]
        var accepted = 0
        var mailAccepted = false
        var progress: Progress
        var usesChunking: Bool
        var contentWritten = false
        var mayProceed = false
        /// All octets that make the message complete were handed out.
        var dataMayBeAccepted = false

        init(_ transaction: SMTPTransaction, needsReset: Bool, usesChunking: Bool) {
            self.transaction = transaction
            self.outcomes = Array(repeating: nil, count: transaction.recipients.count)
            self.progress = needsReset ? .reset : .mail
            self.usesChunking = usesChunking
        }

        mutating func accept(_ index: Int) {
            // After a refused sender some servers still say 250; the sender's reply stands.
            if outcomes[index] == nil { accepted += 1 }
        }

        mutating func settle(_ index: Int, _ outcome: SMTPRecipientOutcome) {
            if outcomes[index] == nil { outcomes[index] = outcome }
        }

        /// Gives every recipient without an outcome this one.
        mutating func settle(_ outcome: SMTPRecipientOutcome) {
            for index in outcomes.indices where outcomes[index] == nil { outcomes[index] = outcome }
        }
    }

    private let configuration: Configuration
    private let startsEncrypted: Bool
    private var parser: SMTPReplyParser
    private var inbound = ByteBuffer()
    private var actions = CircularBuffer<Action>(initialCapacity: 8)
    private var expected = CircularBuffer<Expected>(initialCapacity: 8)
    private var phase = Phase.initial
    private var stage = SMTPStage.connect
    private var running: Running?
    private var banner: SMTPReply?
    private var isEncrypted = false
    /// The last transaction left a sender behind.
    private var needsReset = false
    private var wantsQuit = false

    /// What the server offered; empty before that.
    package private(set) var capabilities = EHLOCapabilities()

    /// - Parameters:
    ///   - configuration: how to speak.
    ///   - startsEncrypted: whether TLS comes before the banner ("implicit TLS", RFC 8314). The caller starts that handshake by itself.
    package init(configuration: Configuration, startsEncrypted: Bool = false) {
        self.configuration = configuration
        self.startsEncrypted = startsEncrypted
        self.parser = SMTPReplyParser(limits: configuration.replyLimits)
    }

    /// Whether ``start(_:)`` may be called.
    package var isReady: Bool {
        if case .ready = phase { !wantsQuit } else { false }
    }

    /// Where the dialogue is.
    package var currentStage: SMTPStage { stage }

    // MARK: - Inputs

    /// The TCP connection is open.
    package mutating func connected() {
        guard case .initial = phase else { return }
        if startsEncrypted {
            phase = .handshake
            arm(.tlsHandshake)
        } else {
            awaitBanner()
        }
    }

    /// The server sent octets.
    package mutating func receive(_ bytes: ByteBuffer) {
        if case .closed = phase { return }
        if inbound.readableBytes == 0 {
            inbound = bytes
        } else {
            inbound.writeImmutableBuffer(bytes)
        }
    }

    /// The TLS handshake, that of `startTLS` or the connection's own, has succeeded.
    package mutating func tlsEstablished() {
        guard case .handshake = phase else { return }
        isEncrypted = true
        guard banner != nil else { return awaitBanner() }
        phase = .opening
        // RFC 3207 section 4.2: forget everything learned in clear.
        capabilities = EHLOCapabilities()
        sendHello(extended: true)
    }

    /// The TLS handshake failed.
    ///
    /// - Parameter reason: the kind of failure; no text of the peer.
    package mutating func tlsFailed(_ reason: String) {
        interrupt(.tlsFailed(reason))
    }

    /// The time limit last armed has passed.
    package mutating func timedOut() {
        interrupt(.timedOut)
    }

    /// The connection is gone.
    package mutating func channelInactive() {
        // What the server said before it went, such as 421, is the better reason; the caller has drained it by `nextAction()`.
        interrupt(.connectionClosed)
    }

    /// Begins a transaction. The answer is one `finished` action, whatever happens.
    package mutating func start(_ transaction: SMTPTransaction) {
        precondition(running == nil, "one transaction at a time")
        guard isReady else {
            actions.append(
                .finished(Self.result(transaction, .interrupted(SMTPInterruption(stage: stage, cause: .notConnected)))))
            return
        }
        if let refusal = refusal(of: transaction) {
            actions.append(.finished(Self.result(transaction, .refusedLocally(refusal))))
            return
        }
        phase = .transaction
        let chunking = configuration.usesChunking && capabilities.contains(.chunking)
        running = Running(transaction, needsReset: needsReset, usesChunking: chunking)
        sendCommands()
    }

    /// All buffers of `writeContent` were handed to the channel.
    package mutating func contentWritten() {
        guard running != nil else { return }
        running?.contentWritten = true
        completeContent()
    }

    /// The message may become complete: answers `beforeFinalDot`.
    package mutating func proceed() {
        guard var current = running, case .content = current.progress, !current.mayProceed else { return }
        current.mayProceed = true
        running = current
        if current.usesChunking {
            sendChunk(current)
        } else {
            completeContent()
        }
    }

    /// The message must not become complete: answers `beforeFinalDot`. `DATA` can only be left by closing the connection; before `BDAT` nothing was sent.
    package mutating func abort() {
        guard var current = running, case .content = current.progress, !current.mayProceed else { return }
        guard current.usesChunking else { return interrupt(.aborted) }
        current.settle(.interrupted(SMTPInterruption(stage: .content, cause: .aborted)))
        running = current
        needsReset = true
        finish()
    }

    /// No more transactions: says `QUIT` as soon as none is running, and closes.
    package mutating func quit() {
        wantsQuit = true
        switch phase {
        case .ready: sendQuit()
        case .initial, .opening, .handshake: interrupt(.notConnected)
        case .transaction, .quitting, .closed: break
        }
    }

    // MARK: - Actions

    /// The next thing to do; nil when the session waits for an input.
    package mutating func nextAction() -> Action? {
        while true {
            if let action = actions.popFirst() { return action }
            switch phase {
            case .closed, .handshake, .initial: return nil
            case .opening, .ready, .transaction, .quitting: break
            }
            do throws(SMTPProtocolError) {
                guard let reply = try parser.next(from: &inbound) else { return nil }
                handle(reply)
            } catch {
                interrupt(.protocolViolation(error))
            }
        }
    }

    // MARK: - Replies

    private mutating func handle(_ reply: SMTPReply) {
        guard let answered = expected.popFirst() else {
            // Idle servers say 421 before they close. Anything else would be taken for the answer to the next command.
            return interrupt(reply.closesConnection ? .connectionClosed : .protocolViolation(SMTPProtocolError(.unsolicitedReply)))
        }
        if case .quit = answered { return close() }
        if reply.closesConnection { return handleClosing(reply, answered: answered) }
        switch answered {
        case .banner:
            guard reply.isPositive else { return failOpening(reply) }
            banner = reply
            sendHello(extended: true)
        case .ehlo:
            handleEHLO(reply)
        case .helo:
            guard reply.isPositive else { return failOpening(reply) }
            becomeReady()
        case .startTLS:
            handleStartTLS(reply)
        case .reset:
            // A server that cannot reset is no reason to fault the message; the connection is of no use.
            guard reply.isPositive else { return interrupt(.reply(reply)) }
            needsReset = false
            continueTransaction()
        case .mail, .recipient, .data, .content, .emptyContent:
            handleTransaction(reply, answered: answered)
        case .quit:
            close()
        }
    }

    private mutating func handleClosing(_ reply: SMTPReply, answered: Expected) {
        guard let current = running else { return failOpening(reply, stage: answered.stage) }
        // 421 to the final dot is a definite "not accepted"; elsewhere nothing was sent that could be.
        let stage = replyStage(answered, current)
        running?.settle(.deferred(reply, stage: stage))
        finishAndClose()
    }

    private mutating func handleEHLO(_ reply: SMTPReply) {
        switch reply.category {
        case .positive:
            capabilities = EHLOCapabilities(reply: reply)
            guard !isEncrypted, configuration.tlsPolicy != .none else { return becomeReady() }
            if capabilities.contains(.startTLS) {
                send(.startTLS) { $0.writeStaticString("STARTTLS\r\n") }
            } else if configuration.tlsPolicy == .required {
                failPolitely(SMTPInterruption(stage: .startTLS, cause: .tlsNotOffered))
            } else {
                becomeReady()
            }
        case .permanentNegative:
            if configuration.tlsPolicy == .required, !isEncrypted {
                // HELO offers no STARTTLS.
                failPolitely(SMTPInterruption(stage: .hello, cause: .reply(reply)))
            } else {
                sendHello(extended: false)
            }
        case .intermediate, .transientNegative:
            failOpening(reply)
        }
    }

    private mutating func handleStartTLS(_ reply: SMTPReply) {
        if reply.isPositive {
            // RFC 3207 section 6 and CVE-2011-0411: nothing received in clear may be read as if it came encrypted.
            guard inbound.readableBytes == 0 else { return interrupt(.protocolViolation(SMTPProtocolError(.plaintextAfterStartTLS))) }
            phase = .handshake
            arm(.tlsHandshake)
            actions.append(.startTLS)
            return
        }
        if configuration.tlsPolicy == .opportunistic, configuration.continuesInClear, reply.category != .intermediate {
            becomeReady()
        } else {
            failPolitely(interruption(.reply(reply)))
        }
    }

    private mutating func handleTransaction(_ reply: SMTPReply, answered: Expected) {
        switch (answered, reply.category) {
        case (.mail, .positive):
            running?.mailAccepted = true
        case (.mail, .transientNegative), (.mail, .permanentNegative):
            running?.settle(SMTPRecipientOutcome(negative: reply, stage: .mail))
        case (.recipient(let index), .positive):
            running?.accept(index)
        case (.recipient(let index), .transientNegative), (.recipient(let index), .permanentNegative):
            running?.settle(index, SMTPRecipientOutcome(negative: reply, stage: .recipient))
        case (.data, .intermediate):
            return beginData()
        case (.data, .transientNegative), (.data, .permanentNegative):
            running?.settle(SMTPRecipientOutcome(negative: reply, stage: .data))
            needsReset = running?.mailAccepted ?? false
            return finish()
        case (.content, .positive) where running?.dataMayBeAccepted == true:
            running?.settle(.accepted(reply))
            needsReset = false
            return finish()
        case (.content, .positive):
            // Accepted before the end was sent: the server saw an end where we wrote none.
            return interrupt(.protocolViolation(SMTPProtocolError(.unexpectedReply)), dataMayBeAccepted: true)
        case (.content, .transientNegative), (.content, .permanentNegative):
            let isEarly = running?.dataMayBeAccepted == false
            running?.settle(SMTPRecipientOutcome(negative: reply, stage: isEarly ? .content : .finalDot))
            needsReset = running?.usesChunking ?? false
            // Refused in the middle of the content: what is not sent yet would be read as commands.
            return isEarly ? finishAndClose() : finish()
        case (.emptyContent, .positive), (.emptyContent, .transientNegative), (.emptyContent, .permanentNegative):
            needsReset = true
            return finish()
        default:
            return interrupt(.protocolViolation(SMTPProtocolError(.unexpectedReply)))
        }
        continueTransaction()
    }

    // MARK: - Transaction

    private mutating func continueTransaction() {
        guard expected.isEmpty else { return arm(expected[expected.startIndex].stage) }
        sendCommands()
    }

    /// Sends the next command, or all up to `DATA` when pipelining.
    private mutating func sendCommands() {
        guard var current = running else { return }
        let pipelines = configuration.usesPipelining && capabilities.contains(.pipelining)
        var output = ByteBufferAllocator().buffer(capacity: pipelines ? 96 + 64 * (1 + current.transaction.recipients.count) : 128)
        commands: repeat {
            switch current.progress {
            case .reset:
                output.writeStaticString("RSET\r\n")
                expected.append(.reset)
                current.progress = .mail
            case .mail:
                writeMail(current.transaction, to: &output)
                expected.append(.mail)
                current.progress = .recipient(0)
            case .recipient(let index):
                if index == 0, !current.mailAccepted, !pipelines {
                    // The sender was refused: every recipient has its outcome.
                    needsReset = false
                    running = current
                    return finish()
                }
                output.writeStaticString("RCPT TO:<")
                output.writeString(current.transaction.recipients[index].string)
                output.writeStaticString(">\r\n")
                expected.append(.recipient(index))
                current.progress = index + 1 < current.transaction.recipients.count ? .recipient(index + 1) : .envelopeDone
            case .envelopeDone:
                if current.usesChunking {
                    // BDAT waits for the replies: its octets could not be taken back.
                    guard expected.isEmpty else { break commands }
                    running = current
                    return current.accepted > 0 ? beginChunk() : giveUp(current)
                }
                if expected.isEmpty, current.accepted == 0 {
                    running = current
                    return giveUp(current)
                }
                output.writeStaticString("DATA\r\n")
                expected.append(.data)
                current.progress = .content
            case .content:
                break commands
            }
        } while pipelines
        running = current
        guard let first = expected.first else { return }
        if output.readableBytes > 0 { actions.append(.write(output)) }
        arm(first.stage)
    }

    /// No recipient is left and no content was asked for.
    private mutating func giveUp(_ current: Running) {
        needsReset = current.mailAccepted
        finish()
    }

    private func writeMail(_ transaction: SMTPTransaction, to output: inout ByteBuffer) {
        output.writeStaticString("MAIL FROM:<")
        if let sender = transaction.sender { output.writeString(sender.string) }
        output.writeStaticString(">")
        if capabilities.contains(.size) {
            output.writeStaticString(" SIZE=")
            output.writeString(String(transaction.content.octets))
        }
        if transaction.content.contains8Bit, capabilities.contains(.eightBitMIME) {
            output.writeStaticString(" BODY=8BITMIME")
        }
        if transaction.needsSMTPUTF8 { output.writeStaticString(" SMTPUTF8") }
        output.writeStaticString("\r\n")
    }

    private func refusal(of transaction: SMTPTransaction) -> SMTPLocalRefusal? {
        if let limit = capabilities.maximumMessageOctets, transaction.content.octets > limit {
            return .tooLarge(octets: transaction.content.octets, limit: limit)
        }
        if transaction.needsSMTPUTF8, !capabilities.contains(.smtpUTF8) { return .smtpUTF8NotOffered }
        if transaction.content.contains8Bit, !capabilities.contains(.eightBitMIME), !configuration.sends8BitAnyway { return .eightBitNotOffered }
        return nil
    }

    /// 354 has come.
    private mutating func beginData() {
        guard let current = running else { return }
        guard current.accepted > 0 else {
            // RFC 2920 section 3.1: all recipients were refused, the server asks for content all the same; it gets none.
            return send(.emptyContent) { $0.writeStaticString(SMTPContentStream.endOfData) }
        }
        // A reply that comes before the end is the answer to the content as well.
        expect(.content)
        arm(.content)
        actions.append(.writeContent(SMTPContentStream(current.transaction.content, stuffingDots: true)))
        actions.append(.beforeFinalDot(recipients: acceptedIndices(current)))
    }

    private mutating func beginChunk() {
        guard let current = running else { return }
        running?.progress = .content
        actions.append(.disarm)
        actions.append(.beforeFinalDot(recipients: acceptedIndices(current)))
    }

    private mutating func sendChunk(_ current: Running) {
        expect(.content)
        arm(.content)
        var output = ByteBufferAllocator().buffer(capacity: 32)
        output.writeStaticString("BDAT ")
        output.writeString(String(current.transaction.content.octets))
        output.writeStaticString(" LAST\r\n")
        actions.append(.write(output))
        actions.append(.writeContent(SMTPContentStream(current.transaction.content, stuffingDots: false)))
    }

    private mutating func completeContent() {
        guard let current = running, current.contentWritten, !current.dataMayBeAccepted else { return }
        guard current.mayProceed else {
            // The owner takes its time, not the server.
            actions.append(.disarm)
            return
        }
        running?.dataMayBeAccepted = true
        if !current.usesChunking {
            var output = ByteBufferAllocator().buffer(capacity: 8)
            output.writeStaticString(SMTPContentStream.endOfData)
            actions.append(.write(output))
        }
        arm(.finalDot)
    }

    private func acceptedIndices(_ current: Running) -> [Int] {
        current.outcomes.indices.filter { current.outcomes[$0] == nil }
    }

    /// The stage to report for a reply to content: before or after its end.
    private func replyStage(_ answered: Expected, _ current: Running) -> SMTPStage {
        if case .content = answered, !current.dataMayBeAccepted { .content } else { answered.stage }
    }

    private mutating func finish() {
        guard let current = running else { return }
        running = nil
        expected.removeAll(keepingCapacity: true)
        phase = .ready
        stage = .idle
        actions.append(.disarm)
        actions.append(.finished(result(of: current)))
        if wantsQuit { sendQuit() }
    }

    private mutating func finishAndClose() {
        if let current = running {
            running = nil
            actions.append(.finished(result(of: current)))
        }
        close()
    }

    private func result(of current: Running) -> SMTPTransactionResult {
        let missing = SMTPRecipientOutcome.interrupted(interruption(.connectionClosed))
        return SMTPTransactionResult(recipients: current.outcomes.map { $0 ?? missing })
    }

    private static func result(_ transaction: SMTPTransaction, _ outcome: SMTPRecipientOutcome) -> SMTPTransactionResult {
        SMTPTransactionResult(recipients: Array(repeating: outcome, count: transaction.recipients.count))
    }

    // MARK: - Opening and closing

    private mutating func awaitBanner() {
        phase = .opening
        expect(.banner)
        arm(.banner)
    }

    private mutating func sendHello(extended: Bool) {
        let name = configuration.helloName
        send(extended ? .ehlo : .helo) {
            $0.writeStaticString(extended ? "EHLO " : "HELO ")
            $0.writeString(name)
            $0.writeStaticString("\r\n")
        }
    }

    private mutating func becomeReady() {
        phase = .ready
        stage = .idle
        actions.append(.disarm)
        actions.append(
            .ready(SMTPServerFacts(banner: banner ?? SMTPReply(code: 220, text: ""), capabilities: capabilities, isEncrypted: isEncrypted)))
        if wantsQuit { sendQuit() }
    }

    private mutating func sendQuit() {
        phase = .quitting
        send(.quit) { $0.writeStaticString("QUIT\r\n") }
    }

    private mutating func failOpening(_ reply: SMTPReply, stage replyStage: SMTPStage? = nil) {
        let failure = interruption(.reply(reply), stage: replyStage)
        if reply.closesConnection || failure.stage == .banner {
            actions.append(.failed(failure))
            close()
        } else {
            failPolitely(failure)
        }
    }

    /// Reports the failure and leaves with `QUIT`.
    private mutating func failPolitely(_ failure: SMTPInterruption) {
        actions.append(.failed(failure))
        sendQuit()
    }

    /// Ends everything from where it is.
    private mutating func interrupt(_ cause: SMTPInterruption.Cause, dataMayBeAccepted: Bool = false) {
        switch phase {
        case .closed: return
        case .initial, .opening, .handshake:
            actions.append(.failed(interruption(cause)))
        case .transaction:
            let inDoubt = dataMayBeAccepted || running?.dataMayBeAccepted == true
            running?.settle(.interrupted(SMTPInterruption(stage: stage, cause: cause, dataMayBeAccepted: inDoubt)))
        case .ready, .quitting: break
        }
        finishAndClose()
    }

    private func interruption(_ cause: SMTPInterruption.Cause, stage at: SMTPStage? = nil) -> SMTPInterruption {
        let stage = at ?? stage
        let isTLS = stage == .startTLS || stage == .tlsHandshake
        return SMTPInterruption(stage: stage, cause: cause, mayRetryInClear: isTLS && configuration.tlsPolicy == .opportunistic)
    }

    private mutating func close() {
        if case .closed = phase { return }
        phase = .closed
        inbound.clear()
        expected.removeAll()
        actions.append(.disarm)
        actions.append(.close)
    }

    private mutating func send(_ reply: Expected, _ write: (inout ByteBuffer) -> Void) {
        var output = ByteBufferAllocator().buffer(capacity: 128)
        write(&output)
        expect(reply)
        actions.append(.write(output))
        arm(reply.stage)
    }

    private mutating func expect(_ reply: Expected) {
        expected.append(reply)
    }

    private mutating func arm(_ next: SMTPStage) {
        stage = next
        actions.append(.arm(next))
    }
}
