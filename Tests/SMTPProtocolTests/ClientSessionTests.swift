import NIOCore
import SMTPProtocol
import Testing

@Suite struct ClientSessionTests {
    static let ehlo = "250-mx.example.net\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
    static let ehloPipelining = "250-mx.example.net\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SIZE 100000\r\n250 8BITMIME\r\n"

    private func ready(_ ehlo: String = ehloPipelining, _ change: (inout SMTPClientSession.Configuration) -> Void = { _ in }) -> ClientHarness {
        var client = ClientHarness(change)
        client.connect()
        client.receive("220 mx.example.net ESMTP\r\n")
        client.receive(ehlo)
        client.log = []
        client.written = ""
        client.writes = 0
        return client
    }

    @Test func opening() {
        var client = ClientHarness()
        client.connect()
        #expect(client.armed == .banner)
        client.receive("220-mx.example.net\r\n220 no spam\r\n")
        #expect(client.armed == .hello)
        client.receive(Self.ehlo)
        #expect(client.armed == nil)
        #expect(
            client.log == [
                "S: 220-mx.example.net", "S: 220 no spam", "C: EHLO mail.example.com", "S: 250-mx.example.net", "S: 250-SIZE 100000",
                "S: 250-8BITMIME",
                "S: 250 ENHANCEDSTATUSCODES", "ready",
            ])
        #expect(client.facts?.capabilities.maximumMessageOctets == 100_000)
        #expect(client.session.isReady)
    }

    @Test func pipelined() {
        var client = ready()
        client.start(ClientHarness.transaction(2))
        #expect(client.writes == 1)
        client.receive("250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go\r\n")
        #expect(client.armed == .finalDot)
        client.receive("250 2.0.0 queued\r\n")
        #expect(
            client.log == [
                "C: MAIL FROM:<a@example.com> SIZE=21", "C: RCPT TO:<r0@example.net>", "C: RCPT TO:<r1@example.net>", "C: DATA",
                "S: 250 2.1.0 ok", "S: 250 2.1.5 ok", "S: 250 2.1.5 ok", "S: 354 go", "content 21", "beforeFinalDot [0, 1]", "C: .",
                "S: 250 2.0.0 queued", "finished",
            ])
        let queued = SMTPReply(code: 250, text: "2.0.0 queued")
        #expect(client.result?.recipients == [.accepted(queued), .accepted(queued)])
        #expect(client.session.isReady)
        // The next one needs no RSET.
        client.log = []
        client.start(ClientHarness.transaction())
        #expect(client.log.first == "C: MAIL FROM:<a@example.com> SIZE=21")
    }

    @Test func oneByOne() {
        var client = ready(Self.ehlo)
        client.start(ClientHarness.transaction(2))
        for reply in ["250 ok\r\n", "250 ok\r\n", "550 5.1.1 who\r\n", "354 go\r\n", "250 done\r\n"] { client.receive(reply) }
        #expect(
            client.log == [
                "C: MAIL FROM:<a@example.com> SIZE=21", "S: 250 ok", "C: RCPT TO:<r0@example.net>", "S: 250 ok", "C: RCPT TO:<r1@example.net>",
                "S: 550 5.1.1 who",
                "C: DATA", "S: 354 go", "content 21", "beforeFinalDot [0]", "C: .", "S: 250 done", "finished",
            ])
        #expect(
            client.result?.recipients == [
                .accepted(SMTPReply(code: 250, text: "done")), .rejected(SMTPReply(code: 550, text: "5.1.1 who"), stage: .recipient),
            ])
    }

    @Test func chunking() {
        var client = ready { $0.usesChunking = true }
        client.start(ClientHarness.transaction(1, content: ".dot\r\n"))
        #expect(client.log == ["C: MAIL FROM:<a@example.com> SIZE=6", "C: RCPT TO:<r0@example.net>"])
        client.receive("250 ok\r\n250 ok\r\n")
        #expect(client.log.suffix(3) == ["beforeFinalDot [0]", "C: BDAT 6 LAST", "content 6"])
        #expect(client.written.hasSuffix("BDAT 6 LAST\r\n.dot\r\n"))
        #expect(client.armed == .finalDot)
        client.receive("250 done\r\n")
        #expect(client.result?.recipients == [.accepted(SMTPReply(code: 250, text: "done"))])
    }

    @Test func chunkingAbortKeepsTheConnection() {
        var client = ready { $0.usesChunking = true }
        client.decision = .abort
        client.start(ClientHarness.transaction())
        client.receive("250 ok\r\n250 ok\r\n")
        #expect(client.result?.recipients == [.interrupted(SMTPInterruption(stage: .content, cause: .aborted))])
        #expect(client.session.isReady)
        client.start(ClientHarness.transaction())
        #expect(client.written.contains("RSET\r\nMAIL FROM"))
    }

    @Test func abortClosesInsideData() {
        var client = ready()
        client.decision = .abort
        client.start(ClientHarness.transaction())
        client.receive("250 ok\r\n250 ok\r\n354 go\r\n")
        #expect(client.result?.recipients == [.interrupted(SMTPInterruption(stage: .content, cause: .aborted))])
        #expect(client.isClosed)
        #expect(!client.written.hasSuffix(".\r\n"))
    }

    @Test func finalDotWaitsForTheOwner() {
        var client = ready()
        client.decision = .wait
        client.start(ClientHarness.transaction())
        client.receive("250 ok\r\n250 ok\r\n354 go\r\n")
        #expect(client.armed == nil)
        #expect(!client.written.hasSuffix("\r\n.\r\n"))
        client.input { $0.proceed() }
        #expect(client.written.hasSuffix("\r\n.\r\n"))
        #expect(client.armed == .finalDot)
    }

    @Test func allRecipientsRefusedButDataGoesOn() {
        var client = ready()
        client.start(ClientHarness.transaction(2))
        client.receive("250 ok\r\n550 a\r\n450 b\r\n354 go\r\n")
        #expect(client.log.last == "C: .")
        #expect(client.result == nil)
        client.receive("554 no valid recipients\r\n")
        #expect(
            client.result?.recipients == [
                .rejected(SMTPReply(code: 550, text: "a"), stage: .recipient), .deferred(SMTPReply(code: 450, text: "b"), stage: .recipient),
            ])
        #expect(client.session.isReady)
        client.start(ClientHarness.transaction())
        #expect(client.written.contains("RSET\r\nMAIL"))
    }

    @Test func allRecipientsRefusedAndDataToo() {
        var client = ready()
        client.start(ClientHarness.transaction(1))
        client.receive("250 ok\r\n550 a\r\n503 no\r\n")
        #expect(client.result?.recipients == [.rejected(SMTPReply(code: 550, text: "a"), stage: .recipient)])
        #expect(client.session.isReady)
        // RSET goes in the same group, and a server that refuses it is left.
        client.start(ClientHarness.transaction(1))
        #expect(client.written.hasSuffix("RSET\r\nMAIL FROM:<a@example.com> SIZE=21\r\nRCPT TO:<r0@example.net>\r\nDATA\r\n"))
        client.receive("503 what\r\n")
        #expect(client.isClosed)
        #expect(client.result?.recipients.first?.failureClass == .transient)
    }

    @Test func senderRefused() {
        var client = ready()
        client.start(ClientHarness.transaction(2))
        client.receive("553 5.1.8 bad sender\r\n503 no\r\n250 hm\r\n503 no\r\n")
        let outcome = SMTPRecipientOutcome.rejected(SMTPReply(code: 553, text: "5.1.8 bad sender"), stage: .mail)
        #expect(client.result?.recipients == [outcome, outcome])
        client.start(ClientHarness.transaction())
        #expect(!client.written.contains("RSET"))
    }

    @Test func heloFallback() {
        var client = ClientHarness()
        client.connect()
        client.receive("220 old\r\n")
        client.receive("500 what\r\n")
        #expect(client.log.last == "C: HELO mail.example.com")
        client.receive("250 hello\r\n")
        #expect(client.session.isReady)
        client.start(ClientHarness.transaction())
        #expect(client.log.last == "C: MAIL FROM:<a@example.com>")
    }

    @Test func localRefusals() throws {
        var client = ready(Self.ehlo)
        client.start(ClientHarness.transaction(2, content: String(repeating: "x", count: 100_001)))
        #expect(client.result?.recipients == Array(repeating: .refusedLocally(.tooLarge(octets: 100_003, limit: 100_000)), count: 2))
        var transaction = ClientHarness.transaction()
        transaction.recipients = [try #require(SMTPAddress("ü@example.net"))]
        client.start(transaction)
        #expect(client.result?.recipients == [.refusedLocally(.smtpUTF8NotOffered)])
        #expect(client.written.isEmpty)
        #expect(client.session.isReady)

        client = ready("250 mx\r\n") { $0.sends8BitAnyway = false }
        client.start(ClientHarness.transaction(content: "ü\r\n"))
        #expect(client.result?.recipients == [.refusedLocally(.eightBitNotOffered)])
        client = ready("250-mx\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        transaction.content = SMTPContent(ByteBuffer(string: "ü\r\n"))
        client.start(transaction)
        #expect(client.log.last == "C: MAIL FROM:<a@example.com> BODY=8BITMIME SMTPUTF8")
    }

    @Test func nullSender() {
        var client = ready(Self.ehlo)
        var transaction = ClientHarness.transaction()
        transaction.sender = nil
        client.start(transaction)
        #expect(client.log == ["C: MAIL FROM:<> SIZE=21"])
    }

    // MARK: - STARTTLS

    static let ehloTLS = "250-mx\r\n250-STARTTLS\r\n250 PIPELINING\r\n"

    private func offeredTLS(_ policy: SMTPTLSPolicy, _ ehlo: String = ehloTLS, continuesInClear: Bool = true) -> ClientHarness {
        var client = ClientHarness {
            $0.tlsPolicy = policy
            $0.continuesInClear = continuesInClear
        }
        client.connect()
        client.receive("220 mx\r\n")
        client.receive(ehlo)
        return client
    }

    @Test func startTLS() {
        var client = offeredTLS(.opportunistic)
        #expect(client.log.last == "C: STARTTLS")
        client.receive("220 go\r\n")
        #expect(client.log.last == "startTLS")
        #expect(client.armed == .tlsHandshake)
        client.input { $0.tlsEstablished() }
        #expect(client.log.last == "C: EHLO mail.example.com")
        // What was offered in clear is forgotten, and STARTTLS inside TLS is not asked for again.
        client.receive("250-mx\r\n250-STARTTLS\r\n250 SIZE 5\r\n")
        #expect(client.facts?.isEncrypted == true)
        #expect(client.facts?.capabilities.contains(.pipelining) == false)
        #expect(client.session.isReady)
    }

    @Test(arguments: ["220 go\r\n250 injected\r\n", "220 go\r\n2", "220-go\r\n220 go\r\n\0"])
    func startTLSInjection(_ reply: String) {
        var client = offeredTLS(.required)
        client.receive(reply)
        #expect(client.failure?.cause == .protocolViolation(SMTPProtocolError(.plaintextAfterStartTLS)))
        #expect(client.isClosed)
        #expect(!client.log.contains("startTLS"))
    }

    @Test func startTLSRequired() {
        var client = offeredTLS(.required, Self.ehlo)
        #expect(client.failure?.cause == .tlsNotOffered)
        #expect(client.failure?.failureClass == .policy)
        #expect(client.log.last == "C: QUIT")
        client.receive("221 bye\r\n")
        #expect(client.isClosed)

        client = offeredTLS(.required)
        client.receive("454 not now\r\n")
        #expect(client.failure?.cause == .reply(SMTPReply(code: 454, text: "not now")))
        #expect(client.failure?.mayRetryInClear == false)

        client = ClientHarness { $0.tlsPolicy = .required }
        client.connect()
        client.receive("220 mx\r\n")
        client.receive("502 no EHLO\r\n")
        #expect(client.failure?.stage == .hello)
        #expect(!client.written.contains("HELO mail"))
    }

    @Test func startTLSOpportunistic() {
        var client = offeredTLS(.opportunistic)
        client.receive("454 not now\r\n")
        #expect(client.session.isReady)
        #expect(client.facts?.isEncrypted == false)

        client = offeredTLS(.opportunistic, continuesInClear: false)
        client.receive("454 not now\r\n")
        #expect(client.failure?.mayRetryInClear == true)

        client = offeredTLS(.opportunistic)
        client.receive("220 go\r\n")
        client.input { $0.tlsFailed("handshake") }
        #expect(client.failure == SMTPInterruption(stage: .tlsHandshake, cause: .tlsFailed("handshake"), mayRetryInClear: true))
        #expect(client.isClosed)

        client = offeredTLS(.opportunistic)
        client.input { $0.channelInactive() }
        #expect(client.failure == SMTPInterruption(stage: .startTLS, cause: .connectionClosed, mayRetryInClear: true))
    }

    @Test func implicitTLS() {
        var client = ClientHarness(startsEncrypted: true)
        client.connect()
        #expect(client.armed == .tlsHandshake)
        client.input { $0.tlsEstablished() }
        #expect(client.armed == .banner)
        client.receive("220 mx\r\n")
        client.receive(Self.ehlo)
        #expect(client.facts?.isEncrypted == true)
    }

    // MARK: - Ends

    @Test func quitting() {
        var client = ready()
        client.input { $0.quit() }
        #expect(client.log == ["C: QUIT"])
        #expect(client.armed == .quit)
        client.receive("221 bye\r\n")
        #expect(client.isClosed)

        client = ready()
        client.start(ClientHarness.transaction())
        client.input { $0.quit() }
        #expect(!client.written.contains("QUIT"))
        client.receive("250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n")
        #expect(client.log.suffix(2) == ["finished", "C: QUIT"])
        #expect(client.result?.recipients == [.accepted(SMTPReply(code: 250, text: "done"))])
        client.input { $0.timedOut() }
        #expect(client.isClosed)
    }

    @Test func idleServerCloses() {
        var client = ready()
        client.receive("421 4.4.2 idle\r\n")
        #expect(client.isClosed)
        client.start(ClientHarness.transaction())
        #expect(client.result?.recipients.first?.failureClass == .internal)
        #expect(client.result?.recipients.first?.isInDoubt == false)
        client = ready()
        client.receive("250 by the way\r\n")
        #expect(client.isClosed)
    }

    @Test func earlyRefusalOfContent() {
        var client = ready()
        client.writesContent = false
        client.start(ClientHarness.transaction())
        client.receive("250 ok\r\n250 ok\r\n354 go\r\n")
        client.receive("552 5.3.4 too much\r\n")
        #expect(client.result?.recipients == [.rejected(SMTPReply(code: 552, text: "5.3.4 too much"), stage: .content)])
        #expect(client.isClosed)
    }

    @Test func earlyAcceptanceIsInDoubt() {
        var client = ready()
        client.writesContent = false
        client.start(ClientHarness.transaction())
        client.receive("250 ok\r\n250 ok\r\n354 go\r\n250 got it\r\n")
        #expect(client.result?.recipients.first?.isInDoubt == true)
        #expect(client.isClosed)
    }

    @Test func descriptionsHideAddresses() {
        var client = ready()
        client.start(ClientHarness.transaction())
        client.receive("250 ok\r\n550 5.1.1 <r0@example.net> unknown\r\n503 no\r\n")
        let description = "\(client.result?.recipients ?? [])"
        #expect(description == "[rejected 550 5.1.1 at recipient]")
    }
}
