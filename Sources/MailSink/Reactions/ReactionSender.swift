import ApusCore
package import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import Synchronization

/// Plays the reactions of all providers when their time has come: sends DSNs and complaints by SMTP, and hands what is loaded or followed to its owner.
///
/// What waits is bounded in number and octets; what is beyond is dropped and counted.
///
/// ```swift
/// var configuration = ReactionSender.Configuration()
/// configuration.target = try SocketAddress(ipAddress: "127.0.0.1", port: 2525)
/// configuration.visit = { url, kind in await fetch(url) }
/// let sender = try ReactionSender(configuration)
/// let fleet = try await MailSinkFleet.start(scenario, template: template, reactions: sender)
/// await sender.run()      // until the task is cancelled or the fleet stops
/// ```
package final class ReactionSender: Sendable {
    package struct Configuration: Sendable {
        /// Where DSNs and complaints are handed in; without it there are none.
        package var target: SocketAddress?
        /// Whether the target may be another machine.
        package var mayLeaveMachine = false
        /// Loads or follows an address, `open` or `click`, and says whether that worked; without it nobody does.
        package var visit: (@Sendable (_ url: String, _ kind: MailSinkReaction.Kind) async -> Bool)?
        package var maximumPending = 100_000
        package var maximumPendingOctets = 256 << 20
        /// Octets of a message whose links are looked for.
        package var maximumMessageOctets = 4 << 20
        /// Images of a message that are loaded.
        package var maximumImages = 20
        /// Reactions played at once.
        package var concurrency = 32
        /// Of each step of a dialogue.
        package var timeout: Duration = .seconds(10)

        package init() {}
    }

    private struct Job: Sendable {
        let reaction: MailSinkReaction
        let recipient: String
        let message: ReactionMessage
        let id: UInt64
    }

    let configuration: Configuration
    private let state: Mutex<ReactionStatistics>
    private let random = Mutex(SplitMix64(state: 0x5EED))
    private let due: AsyncStream<Job>
    private let whenDue: AsyncStream<Job>.Continuation

    /// - Throws: ``MailSinkError`` when the target is another machine and may not be.
    package init(_ configuration: Configuration) throws(MailSinkError) {
        if let target = configuration.target, !configuration.mayLeaveMachine, !Self.isLoopback(target) {
            throw MailSinkError(.invalidScenario, "DSNs and complaints go to this machine only, unless you say that you may load the other one")
        }
        self.configuration = configuration
        state = Mutex(ReactionStatistics())
        // As bounded as what is pending.
        (due, whenDue) = AsyncStream.makeStream(of: Job.self, bufferingPolicy: .unbounded)
    }

    package var statistics: ReactionStatistics { state.withLock { $0 } }

    /// Plays what is due until the task is cancelled or ``finish()`` was called. To be called once.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            var active = 0
            for await job in due {
                if active == max(configuration.concurrency, 1) {
                    await group.next()
                    active -= 1
                }
                active += 1
                group.addTask { await self.play(job) }
            }
        }
    }

    /// Ends ``run()`` after what is due already. What is not is never played.
    package func finish() {
        whenDue.finish()
    }

    /// Whether there is a way to play it.
    func plays(_ kind: MailSinkReaction.Kind) -> Bool {
        switch kind {
        case .dsn, .complaint: configuration.target != nil
        case .open, .click: configuration.visit != nil
        }
    }

    /// Reactions that were chosen and cannot be.
    func drop(_ reactions: [(reaction: MailSinkReaction, recipient: String)]) {
        state.withLock { for chosen in reactions { $0[chosen.reaction.kind].dropped += 1 } }
    }

    /// Plays reactions to a message that has been accepted, each after its delay.
    func add(_ chosen: [(reaction: MailSinkReaction, recipient: String)], to message: ReactionMessage) {
        let headerOnly = message.withHeaderOnly
        // One copy for all who open or follow.
        let whole = chosen.contains { $0.reaction.kind == .open || $0.reaction.kind == .click } ? message.withOwnContent : headerOnly
        for (reaction, recipient) in chosen {
            let kept = reaction.kind == .dsn || reaction.kind == .complaint ? headerOnly : whole
            let octets = kept.content.readableBytes
            let hasRoom = state.withLock { state in
                guard state.pending < configuration.maximumPending, state.pendingOctets + octets <= configuration.maximumPendingOctets else {
                    state[reaction.kind].dropped += 1
                    return false
                }
                state.pending += 1
                state.pendingOctets += octets
                return true
            }
            guard hasRoom else { continue }
            let (delay, id) = random.withLock { (reaction.delay.duration(using: &$0), $0.next()) }
            let job = Job(reaction: reaction, recipient: recipient, message: kept, id: id)
            guard delay > .zero else {
                whenDue.yield(job)
                continue
            }
            // Not on the sink's loops, which may end before.
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(delay)) { [whenDue] in _ = whenDue.yield(job) }
        }
    }

    // MARK: - Playing

    private func play(_ job: Job) async {
        let isDone: Bool?
        switch job.reaction.kind {
        case .dsn: isDone = await sendFailure(job)
        case .complaint: isDone = await sendComplaint(job)
        case .open:
            let urls = MessageLinks.find(in: Array(job.message.content.readableBytesView)).images.prefix(configuration.maximumImages)
            isDone = await visit(urls, .open)
        case .click:
            let urls = MessageLinks.find(in: Array(job.message.content.readableBytesView)).links
            let chosen = urls.isEmpty ? [] : [urls[Int(job.id % UInt64(urls.count))]]
            isDone = await visit(chosen[...], .click)
        }
        state.withLock { state in
            state.pending -= 1
            state.pendingOctets -= job.message.content.readableBytes
            switch isDone {
            case nil: state[job.reaction.kind].dropped += 1
            case true?: state[job.reaction.kind].played += 1
            case false?: state[job.reaction.kind].failed += 1
            }
        }
    }

    /// nil when there is nothing to visit.
    private func visit(_ urls: ArraySlice<String>, _ kind: MailSinkReaction.Kind) async -> Bool? {
        guard !urls.isEmpty, let visit = configuration.visit else { return nil }
        var isDone = true
        for url in urls where await !visit(url, kind) { isDone = false }
        return isDone
    }

    private func sendFailure(_ job: Job) async -> Bool {
        let message = job.message
        let report = FailureReport(
            hostname: message.hostname, returnPath: message.sender, recipient: job.recipient,
            reply: job.reaction.reply.filled(remote: message.remote, recipient: job.recipient, id: job.id),
            text: job.reaction.text.map { Self.filled($0, recipient: job.recipient) }, hello: message.hello, arrivedAt: message.arrivedAt,
            date: WallClock.milliseconds(), id: job.id, header: Array(message.content.readableBytesView))
        return await send(report.compose(), from: nil, to: message.sender, hello: message.hostname)
    }

    private func sendComplaint(_ job: Job) async -> Bool {
        let message = job.message
        let report = FeedbackReport(
            hostname: message.hostname, to: job.reaction.to ?? message.sender, sender: message.sender, recipient: job.recipient,
            source: message.remote, arrivedAt: message.arrivedAt, date: WallClock.milliseconds(), id: job.id,
            header: Array(message.content.readableBytesView))
        return await send(report.compose(), from: SMTPAddress(report.from), to: report.to, hello: message.hostname)
    }

    private func send(_ bytes: [UInt8], from sender: SMTPAddress?, to recipient: String, hello: String) async -> Bool {
        guard let target = configuration.target, let recipient = SMTPAddress(recipient) else { return false }
        var session = SMTPClientSession.Configuration(helloName: SMTPAddress.isDomain(hello.utf8) ? hello : "sink.invalid")
        session.tlsPolicy = .none
        var client = SMTPClientConfiguration(session: session)
        client.timeouts = SMTPTimeouts(all: configuration.timeout)
        let transaction = SMTPTransaction(sender: sender, recipients: [recipient], content: SMTPContent(ByteBuffer(bytes: bytes)))
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        guard let connection = try? await SMTPConnection.connect(to: target, configuration: client, on: loop).get(),
            let result = try? await loop.flatSubmit({ connection.send(transaction) }).get()
        else { return false }
        loop.execute { connection.quit() }
        return result.recipients.allSatisfy { $0.failureClass == nil }
    }

    private static func filled(_ text: String, recipient: String) -> String {
        ReplyTemplate(SMTPReply(code: 550, text: text)).filled(remote: "", recipient: recipient, id: 0).text
    }

    private static func isLoopback(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return false }
        return text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }
}
