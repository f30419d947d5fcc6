package import NIOCore

/// The server's side of an SMTP session (RFC 5321) as a pure state machine. Octets go in; requests for the application, content and octets to write come out.
///
/// Line endings are strict: a command or content with a bare CR or LF is refused with 521 and the connection is closed, so that nothing can be smuggled past
/// where the content ends. After every input call ``nextAction()`` until it returns nil. A ``SMTPServerRequest`` is followed by one ``answer(_:)``, at once or
/// later; replies to commands that came in one packet leave in one write.
///
/// ```
/// C: EHLO client.example
/// S: 250-mx.example.net
/// S: 250-PIPELINING
/// S: 250 8BITMIME
/// C: MAIL FROM:<a@client.example>
/// C: RCPT TO:<b@example.net>
/// C: DATA
/// S: 250 2.1.0 Ok
/// S: 250 2.1.5 Ok
/// S: 354 End data with <CR><LF>.<CR><LF>
/// C: (content, .)
/// S: 250 2.0.0 Ok
/// ```
package struct SMTPServerSession: Sendable {
    package struct Configuration: Sendable {
        /// Our name in greeting and EHLO reply.
        package var hostname: String
        /// Offered in the EHLO reply. STARTTLS disappears once the session is encrypted; `enhancedStatusCodes` is always meant.
        package var extensions: EHLOCapabilities.Extensions = [.pipelining, .size, .eightBitMIME, .smtpUTF8, .chunking, .enhancedStatusCodes]
        /// SASL mechanisms offered: `PLAIN`, `LOGIN`, or none.
        package var authMechanisms: [String] = []
        /// Whether AUTH needs an encrypted session.
        package var requiresTLSForAuth = true
        /// Whether MAIL needs AUTH first.
        package var requiresAuth = false
        /// Octets of a command line with its CRLF. RFC 5321 says 512, extensions add to that.
        package var commandLineOctets = 2048
        /// Octets of a text line with its CRLF; nil for no bound. RFC 5321 says 1000.
        package var textLineOctets: Int?
        /// Octets of a message.
        package var messageOctets = 50 << 20
        /// Recipients of a transaction. RFC 5321 section 4.5.3.1.8: at least 100.
        package var recipients = 1000
        /// Refused or unknown commands before the connection is closed with 421.
        package var errors = 20

        package init(hostname: String) {
            self.hostname = hostname
        }
    }

    package enum Action: Sendable {
        /// Write these octets and flush.
        case write(ByteBuffer)
        /// A part of the message's content, without stuffing.
        case content(ByteBuffer)
        /// Ask the application; hand its answer to ``answer(_:)``.
        case request(SMTPServerRequest)
        /// Start the TLS handshake (the 220 has been written), then call ``tlsEstablished()``.
        case startTLS
        /// The message being received is void; drop what was stored of it. The session goes on.
        case discard
        /// Flush and close. No action follows.
        case close
    }

    private enum Phase {
        case initial
        /// The next octets are a command.
        case command
        /// The rest of a line that is too long is thrown away.
        case skippingLine
        /// The application owes an answer.
        case asking(Question)
        case data(SMTPDataDecoder)
        /// So many octets of a chunk are to come.
        case chunk(remaining: Int, isLast: Bool)
        /// A line of a SASL exchange is expected.
        case auth(SASL)
        case handshake
        case closing
        case closed
    }

    private enum Question {
        case connect, hello(isExtended: Bool), startTLS, authenticate, mail, recipient, data, message, reset, noop, verify, quit
    }

    private enum SASL {
        case plain, loginName, loginPassword(String)
    }

    private enum Envelope {
        case none, sender, recipients(Int)
    }

    private let configuration: Configuration
    private var phase = Phase.initial
    private var inbound = ByteBuffer()
    private var output = ByteBuffer()
    private var envelope = Envelope.none
    private var hasGreeted = false
    private var isEncrypted: Bool
    private var isAuthenticated = false
    private var errorCount = 0
    private var messageOctets = 0
    /// The message cannot be accepted any more; this is why. The rest of its content is read and dropped.
    private var contentRefusal: StaticString?
    /// Whether a BDAT sequence has begun.
    private var isChunking = false
    private var wantsQuiesce = false
    /// Octets of the current line already known to have no LF.
    private var searched = 0

    /// - Parameter isEncrypted: whether the connection started with TLS.
    package init(configuration: Configuration, isEncrypted: Bool = false) {
        self.configuration = configuration
        self.isEncrypted = isEncrypted
    }

    /// Whether a message is on its way: between MAIL and the reply to its content.
    package var isInTransaction: Bool {
        if case .none = envelope { false } else { true }
    }

    /// Whether the session is over.
    package var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    /// Whether content is being received.
    package var isReceivingContent: Bool {
        switch phase {
        case .data, .chunk: true
        default: false
        }
    }

    // MARK: - Inputs

    /// The connection is open.
    package mutating func connected() {
        guard case .initial = phase else { return }
        phase = .asking(.connect)
        pendingRequest = .connect
    }

    /// The client sent octets.
    package mutating func receive(_ bytes: ByteBuffer) {
        switch phase {
        case .closing, .closed: return
        default: break
        }
        if inbound.readableBytes == 0 {
            inbound = bytes
        } else {
            inbound.writeImmutableBuffer(bytes)
        }
    }

    /// Octets received and not yet understood. The caller stops reading while an answer is awaited and this grows.
    package var bufferedOctets: Int { inbound.readableBytes }

    /// The handshake that `startTLS` asked for has succeeded: the session starts anew (RFC 3207 section 4.2).
    package mutating func tlsEstablished() {
        guard case .handshake = phase else { return }
        isEncrypted = true
        hasGreeted = false
        isAuthenticated = false
        envelope = .none
        phase = .command
    }

    /// Says 421 and closes as soon as no message is on its way.
    package mutating func quiesce() {
        wantsQuiesce = true
        closeIfQuiescing()
    }

    /// The client took too long: 421 and close (RFC 5321 section 4.5.3.2).
    package mutating func timedOut() {
        switch phase {
        case .closing, .closed: return
        case .handshake: phase = .closing
        default: close("421 4.4.2 Timeout waiting for client\r\n")
        }
    }

    /// The application's answer to the last request.
    package mutating func answer(_ answer: SMTPServerAnswer) {
        guard case .asking(let question) = phase else { return }
        phase = .command
        switch answer {
        case .accept:
            accept(question)
        case .reply(let reply):
            reply.write(to: &output)
            if reply.code == 421 || reply.code == 521 {
                phase = .closing
            } else {
                switch reply.category {
                case .positive, .intermediate: advance(question)
                case .transientNegative, .permanentNegative: refuse(question)
                }
            }
        case .raw(let bytes, let accepted):
            output.writeImmutableBuffer(bytes)
            if accepted { advance(question) } else { refuse(question) }
        case .closeAfter(let bytes):
            output.writeImmutableBuffer(bytes)
            phase = .closing
        }
        closeIfQuiescing()
    }

    // MARK: - Actions

    private var pendingRequest: SMTPServerRequest?
    private var pendingDiscard = false

    /// The next thing to do; nil when the session waits for an input.
    package mutating func nextAction() -> Action? {
        while true {
            if pendingDiscard {
                pendingDiscard = false
                return .discard
            }
            switch phase {
            case .initial, .closed:
                return nil
            case .closing:
                if let write = takeOutput() { return write }
                phase = .closed
                inbound.clear()
                return .close
            case .handshake:
                return takeOutput()
            case .asking:
                if let request = pendingRequest {
                    pendingRequest = nil
                    return .request(request)
                }
                return takeOutput()
            case .command:
                if startsHandshake {
                    if let write = takeOutput() { return write }
                    startsHandshake = false
                    phase = .handshake
                    return .startTLS
                }
                guard readCommand() else { return takeOutput() }
            case .skippingLine:
                guard skipLine() else { return takeOutput() }
            case .auth(let exchange):
                guard readAuthLine(exchange) else { return takeOutput() }
            case .data(var decoder):
                let event = decoder.next(&inbound)
                phase = .data(decoder)
                switch event {
                case .content(let slice):
                    if let content = receiveContent(slice) { return .content(content) }
                case .needMore: return takeOutput()
                case .end: endContent()
                case .bareLineEnding: close("521 5.5.2 Bare CR or LF in message content\r\n")
                case .lineTooLong: close("521 5.6.0 Line of message content too long\r\n")
                }
            case .chunk(let remaining, let isLast):
                if remaining == 0 {
                    endChunk(isLast: isLast)
                } else if let slice = inbound.readSlice(length: min(remaining, inbound.readableBytes)), slice.readableBytes > 0 {
                    phase = .chunk(remaining: remaining - slice.readableBytes, isLast: isLast)
                    if let content = receiveContent(slice) { return .content(content) }
                } else {
                    return takeOutput()
                }
            }
        }
    }

    private var startsHandshake = false

    private mutating func takeOutput() -> Action? {
        guard output.readableBytes > 0 else { return nil }
        defer { output = ByteBuffer() }
        return .write(output)
    }

    // MARK: - Lines

    /// Reads one line and acts on it. False when there is none yet.
    private mutating func readCommand() -> Bool {
        guard let length = readLine() else { return false }
        let allowsUTF8 = configuration.extensions.contains(.smtpUTF8)
        let command = inbound.withUnsafeReadableBytes {
            SMTPServerCommand.parse(UnsafeRawBufferPointer(rebasing: $0[0..<length]), allowsUTF8: allowsUTF8)
        }
        inbound.moveReaderIndex(forwardBy: length + 2)
        perform(command)
        return true
    }

    /// The length of the line at hand without its CRLF; nil when more octets are needed or the line was dealt with otherwise.
    private mutating func readLine() -> Int? {
        let limit = configuration.commandLineOctets
        let start = searched
        let found = inbound.withUnsafeReadableBytes { ByteSearch.first(ASCII.lf, in: $0, from: start, to: min($0.count, limit)) }
        guard let lineFeed = found else {
            if inbound.readableBytes >= limit {
                searched = 0
                phase = .skippingLine
                fail("500 5.5.2 Line too long\r\n")
            } else {
                searched = inbound.readableBytes
            }
            return nil
        }
        searched = 0
        let carriageReturn = inbound.withUnsafeReadableBytes { ByteSearch.first(ASCII.cr, in: $0, from: 0, to: lineFeed) }
        guard lineFeed > 0, carriageReturn == lineFeed - 1 else {
            close("521 5.5.2 Bare CR or LF in command\r\n")
            return nil
        }
        return lineFeed - 1
    }

    private mutating func skipLine() -> Bool {
        let found = inbound.withUnsafeReadableBytes { ByteSearch.first(ASCII.lf, in: $0, from: 0, to: $0.count) }
        guard let lineFeed = found else {
            inbound.clear()
            return false
        }
        inbound.moveReaderIndex(forwardBy: lineFeed + 1)
        phase = .command
        return true
    }

    // MARK: - Commands

    private mutating func perform(_ command: SMTPServerCommand) {
        if isChunking, !Self.isAllowedBetweenChunks(command) {
            return fail("503 5.5.1 BDAT sequence not finished\r\n")
        }
        switch command {
        case .ehlo(let name):
            ask(.hello(isExtended: true), .hello(name: name, isExtended: true))
        case .helo(let name):
            ask(.hello(isExtended: false), .hello(name: name, isExtended: false))
        case .startTLS:
            guard configuration.extensions.contains(.startTLS), !isEncrypted else { return fail("503 5.5.1 STARTTLS not available\r\n") }
            guard case .none = envelope else { return fail("503 5.5.1 STARTTLS inside a mail transaction\r\n") }
            ask(.startTLS, .startTLS)
        case .auth(let mechanism, let initial):
            authenticate(mechanism, initial: initial)
        case .mail(let sender, let parameters):
            guard hasGreeted else { return fail("503 5.5.1 Send EHLO or HELO first\r\n") }
            guard isAuthenticated || !configuration.requiresAuth else { return fail("530 5.7.0 Authentication required\r\n") }
            guard case .none = envelope else { return fail("503 5.5.1 Sender already given\r\n") }
            guard parameters.size ?? 0 <= configuration.messageOctets else { return fail("552 5.3.4 Message too large\r\n") }
            ask(.mail, .mail(sender: sender, parameters))
        case .recipient(let address, let parameters):
            switch envelope {
            case .none: fail("503 5.5.1 Send MAIL first\r\n")
            case .recipients(let count) where count >= configuration.recipients: fail("452 4.5.3 Too many recipients\r\n")
            case .sender, .recipients: ask(.recipient, .recipient(address, parameters))
            }
        case .data:
            guard case .recipients = envelope else { return failWithoutRecipients() }
            ask(.data, .data)
        case .chunk(let octets, let isLast):
            beginChunk(octets, isLast: isLast)
        case .reset:
            ask(.reset, .reset)
        case .noop:
            ask(.noop, .noop)
        case .verify(let argument):
            ask(.verify, .verify(argument))
        case .quit:
            ask(.quit, .quit)
        case .help:
            output.writeStaticString("214 2.0.0 See RFC 5321\r\n")
        case .invalid(let reply):
            fail(reply)
        }
    }

    private static func isAllowedBetweenChunks(_ command: SMTPServerCommand) -> Bool {
        switch command {
        case .chunk, .reset, .quit, .noop, .ehlo, .helo, .invalid: true
        default: false
        }
    }

    private mutating func ask(_ question: Question, _ request: SMTPServerRequest) {
        phase = .asking(question)
        pendingRequest = request
    }

    /// The usual positive reply, and what follows from it.
    private mutating func accept(_ question: Question) {
        switch question {
        case .connect:
            output.writeStaticString("220 ")
            output.writeString(configuration.hostname)
            output.writeStaticString(" ESMTP\r\n")
        case .hello(let isExtended): writeHelloReply(isExtended: isExtended)
        case .startTLS: output.writeStaticString("220 2.0.0 Ready to start TLS\r\n")
        case .authenticate: output.writeStaticString("235 2.7.0 Authentication successful\r\n")
        case .mail: output.writeStaticString("250 2.1.0 Ok\r\n")
        case .recipient: output.writeStaticString("250 2.1.5 Ok\r\n")
        case .data: output.writeStaticString("354 End data with <CR><LF>.<CR><LF>\r\n")
        case .message, .reset, .noop: output.writeStaticString("250 2.0.0 Ok\r\n")
        case .verify: output.writeStaticString("252 2.5.2 Cannot verify, but will accept the message\r\n")
        case .quit: output.writeStaticString("221 2.0.0 Bye\r\n")
        }
        advance(question)
    }

    /// The request was granted.
    private mutating func advance(_ question: Question) {
        switch question {
        case .connect, .noop, .verify: break
        case .hello:
            hasGreeted = true
            pendingDiscard = isChunking
            endTransaction()
        case .startTLS:
            // RFC 3207 section 6: what was sent in clear behind STARTTLS must not be read as if it came encrypted.
            if inbound.readableBytes > 0 {
                output.clear()
                close("521 5.5.1 Data after STARTTLS\r\n")
            } else {
                startsHandshake = true
            }
        case .authenticate: isAuthenticated = true
        case .mail: envelope = .sender
        case .recipient:
            if case .recipients(let count) = envelope { envelope = .recipients(count + 1) } else { envelope = .recipients(1) }
        case .data:
            beginContent()
            phase = .data(SMTPDataDecoder(maximumLineOctets: configuration.textLineOctets))
        case .message: endTransaction()
        case .reset:
            pendingDiscard = isChunking
            endTransaction()
        case .quit: phase = .closing
        }
    }

    /// The request was refused.
    private mutating func refuse(_ question: Question) {
        switch question {
        case .connect:
            // RFC 5321 section 3.1: after 554 the server waits for QUIT; closing is allowed and simpler.
            phase = .closing
        case .message: endTransaction()
        case .quit: phase = .closing
        default: countError()
        }
    }

    private mutating func writeHelloReply(isExtended: Bool) {
        guard isExtended else {
            output.writeStaticString("250 ")
            output.writeString(configuration.hostname)
            output.writeStaticString("\r\n")
            return
        }
        let offered = configuration.extensions
        output.writeStaticString("250-")
        output.writeString(configuration.hostname)
        output.writeStaticString("\r\n")
        if offered.contains(.pipelining) { output.writeStaticString("250-PIPELINING\r\n") }
        if offered.contains(.size) {
            output.writeStaticString("250-SIZE ")
            output.writeString(String(configuration.messageOctets))
            output.writeStaticString("\r\n")
        }
        if offered.contains(.startTLS), !isEncrypted { output.writeStaticString("250-STARTTLS\r\n") }
        if !configuration.authMechanisms.isEmpty, isEncrypted || !configuration.requiresTLSForAuth {
            output.writeStaticString("250-AUTH")
            for mechanism in configuration.authMechanisms {
                output.writeStaticString(" ")
                output.writeString(mechanism)
            }
            output.writeStaticString("\r\n")
        }
        if offered.contains(.eightBitMIME) { output.writeStaticString("250-8BITMIME\r\n") }
        if offered.contains(.smtpUTF8) { output.writeStaticString("250-SMTPUTF8\r\n") }
        if offered.contains(.dsn) { output.writeStaticString("250-DSN\r\n") }
        if offered.contains(.chunking) { output.writeStaticString("250-CHUNKING\r\n") }
        output.writeStaticString("250 ENHANCEDSTATUSCODES\r\n")
    }

    // MARK: - Content

    private mutating func beginContent() {
        messageOctets = 0
        contentRefusal = nil
    }

    /// Counts the content; nil when it is to be dropped.
    private mutating func receiveContent(_ slice: ByteBuffer) -> ByteBuffer? {
        messageOctets += slice.readableBytes
        if contentRefusal != nil {
            // A client that goes on and on after the limit is not worth reading to the end.
            if messageOctets / 2 > configuration.messageOctets, messageOctets > 16 << 20 {
                close("521 5.3.4 Message too large\r\n")
            }
            return nil
        }
        if messageOctets > configuration.messageOctets {
            contentRefusal = "552 5.3.4 Message too large\r\n"
            pendingDiscard = true
            return nil
        }
        return slice
    }

    private mutating func endContent() {
        if let contentRefusal {
            endTransaction()
            phase = .command
            fail(contentRefusal)
            closeIfQuiescing()
        } else {
            ask(.message, .message(octets: messageOctets))
        }
    }

    private mutating func beginChunk(_ octets: Int, isLast: Bool) {
        guard configuration.extensions.contains(.chunking) else { return fail("502 5.5.1 Command not implemented\r\n") }
        if !isChunking {
            beginContent()
            isChunking = true
            // The octets come whatever we think of the command (RFC 3030 section 2), so they are read and dropped.
            if case .recipients = envelope {} else { contentRefusal = "503 5.5.1 Send MAIL and RCPT first\r\n" }
        }
        phase = .chunk(remaining: octets, isLast: isLast)
    }

    private mutating func endChunk(isLast: Bool) {
        phase = .command
        if let contentRefusal {
            if isLast { endTransaction() }
            fail(contentRefusal)
        } else if isLast {
            isChunking = false
            ask(.message, .message(octets: messageOctets))
        } else {
            output.writeStaticString("250 2.0.0 Ok\r\n")
        }
    }

    private mutating func endTransaction() {
        envelope = .none
        isChunking = false
        contentRefusal = nil
        messageOctets = 0
    }

    // MARK: - Authentication

    private mutating func authenticate(_ mechanism: String, initial: [UInt8]?) {
        guard configuration.authMechanisms.contains(mechanism) else { return fail("504 5.5.4 Unrecognized authentication type\r\n") }
        guard isEncrypted || !configuration.requiresTLSForAuth else { return fail("538 5.7.11 Encryption required for authentication\r\n") }
        guard hasGreeted, !isAuthenticated, !isInTransaction else { return fail("503 5.5.1 AUTH not possible now\r\n") }
        switch (mechanism, initial) {
        case ("PLAIN", nil):
            output.writeStaticString("334 \r\n")
            phase = .auth(.plain)
        case ("PLAIN", let response?): continueAuth(.plain, response)
        case ("LOGIN", nil):
            output.writeStaticString("334 VXNlcm5hbWU6\r\n")
            phase = .auth(.loginName)
        case ("LOGIN", let response?): continueAuth(.loginName, response)
        default: fail("504 5.5.4 Unrecognized authentication type\r\n")
        }
    }

    private mutating func readAuthLine(_ exchange: SASL) -> Bool {
        guard let length = readLine() else {
            // Too long or malformed lines end the exchange by themselves.
            return false
        }
        let response = inbound.withUnsafeReadableBytes { bytes -> [UInt8]? in
            let line = UnsafeRawBufferPointer(rebasing: bytes[0..<length])
            return Base64.decode(line)
        }
        let isCancelled = length == 1 && inbound.getInteger(at: inbound.readerIndex, as: UInt8.self) == 0x2A
        inbound.moveReaderIndex(forwardBy: length + 2)
        phase = .command
        if isCancelled {
            fail("501 5.7.0 Authentication cancelled\r\n")
        } else if let response {
            continueAuth(exchange, response)
        } else {
            fail("501 5.5.2 Cannot decode base64\r\n")
        }
        return true
    }

    private mutating func continueAuth(_ exchange: SASL, _ response: [UInt8]) {
        switch exchange {
        case .plain:
            // RFC 4616: authorization identity NUL name NUL password.
            let parts = response.split(separator: ASCII.nul, maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 3, let name = String(validating: parts[1], as: UTF8.self),
                let password = String(validating: parts[2], as: UTF8.self), !name.isEmpty
            else { return fail("501 5.5.2 Malformed authentication data\r\n") }
            ask(.authenticate, .authenticate(SMTPCredentials(username: name, password: password)))
        case .loginName:
            guard let name = String(validating: response, as: UTF8.self), !name.isEmpty else {
                return fail("501 5.5.2 Malformed authentication data\r\n")
            }
            output.writeStaticString("334 UGFzc3dvcmQ6\r\n")
            phase = .auth(.loginPassword(name))
        case .loginPassword(let name):
            guard let password = String(validating: response, as: UTF8.self) else { return fail("501 5.5.2 Malformed authentication data\r\n") }
            ask(.authenticate, .authenticate(SMTPCredentials(username: name, password: password)))
        }
    }

    // MARK: - Failing and closing

    private mutating func failWithoutRecipients() {
        if case .sender = envelope { fail("554 5.5.1 No valid recipients\r\n") } else { fail("503 5.5.1 Send MAIL and RCPT first\r\n") }
    }

    private mutating func fail(_ reply: StaticString) {
        output.writeStaticString(reply)
        countError()
    }

    private mutating func countError() {
        errorCount += 1
        if errorCount >= configuration.errors { close("421 4.7.0 Too many errors\r\n") }
    }

    private mutating func close(_ reply: StaticString) {
        output.writeStaticString(reply)
        phase = .closing
    }

    private mutating func closeIfQuiescing() {
        guard wantsQuiesce, !isInTransaction else { return }
        switch phase {
        case .initial, .command, .skippingLine, .auth: close("421 4.3.2 Service shutting down\r\n")
        case .asking, .data, .chunk, .handshake, .closing, .closed: break
        }
    }
}
