import FuzzDriver
import NIOCore
import SMTPProtocol

/// One target for every parser of this module. The first octet chooses the parser, the second the size of the pieces that the rest arrives in.
///
/// Besides not trapping, it must not matter how the octets are split.
private func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let step = max(1, Int(start[1]))
    switch start[0] % 5 {
    case 0: precondition(replies(bytes, step: step) == replies(bytes, step: bytes.count))
    case 1: precondition(content(bytes, step: step) == content(bytes, step: bytes.count))
    case 2: roundTrip(bytes)
    case 3: precondition(server(bytes, step: step) == server(bytes, step: bytes.count))
    default: client(bytes, step: step)
    }
    return 0
}

private func pieces(_ bytes: [UInt8], _ step: Int) -> [ByteBuffer] {
    stride(from: 0, to: bytes.count, by: step).map { ByteBuffer(bytes: bytes[$0..<min($0 + step, bytes.count)]) }
}

private func replies(_ bytes: [UInt8], step: Int) -> [SMTPReply?] {
    var parser = SMTPReplyParser()
    var buffer = ByteBuffer()
    var found: [SMTPReply?] = []
    for var piece in pieces(bytes, step) {
        buffer.writeBuffer(&piece)
        do {
            while let reply = try parser.next(from: &buffer) {
                found.append(reply)
                _ = EHLOCapabilities(reply: reply)
            }
        } catch {
            found.append(nil)
            return found
        }
    }
    return found
}

private func content(_ bytes: [UInt8], step: Int) -> String {
    var decoder = SMTPDataDecoder(maximumLineOctets: 1000)
    var buffer = ByteBuffer()
    var output = ByteBuffer()
    for var piece in pieces(bytes, step) {
        buffer.writeBuffer(&piece)
        reading: while true {
            switch decoder.next(&buffer) {
            case .content(var slice): output.writeBuffer(&slice)
            case .needMore: break reading
            case .end: return "end " + String(buffer: output)
            // What came out before a violation depends on the split; that there is one does not.
            case .bareLineEnding, .lineTooLong: return "violation"
            }
        }
    }
    return "more " + String(buffer: output)
}

private func roundTrip(_ bytes: [UInt8]) {
    let content = SMTPContent(ByteBuffer(bytes: bytes))
    var stream = SMTPContentStream(content, stuffingDots: true)
    var wire = ByteBuffer()
    while var part = stream.next() { wire.writeBuffer(&part) }
    wire.writeStaticString(SMTPContentStream.endOfData)
    var decoder = SMTPDataDecoder()
    var back = ByteBuffer()
    while true {
        switch decoder.next(&wire) {
        case .content(var slice): back.writeBuffer(&slice)
        case .end:
            precondition(wire.readableBytes == 0 && back == content.bytes)
            return
        case .needMore, .bareLineEnding, .lineTooLong: preconditionFailure("what we send does not read back")
        }
    }
}

private func server(_ bytes: [UInt8], step: Int) -> [String] {
    var configuration = SMTPServerSession.Configuration(hostname: "fuzz")
    configuration.messageOctets = 5000
    configuration.authMechanisms = ["PLAIN", "LOGIN"]
    configuration.requiresTLSForAuth = false
    var session = SMTPServerSession(configuration: configuration)
    var output = ByteBuffer()
    var events: [String] = []
    func drain() {
        while let action = session.nextAction() {
            switch action {
            case .write(var part): output.writeBuffer(&part)
            case .request(let request):
                if case .message(let octets) = request { events.append("message \(octets)") }
                session.answer(.accept)
            case .content, .discard: break
            case .startTLS: session.tlsEstablished()
            case .close: events.append("close")
            }
        }
    }
    session.connected()
    drain()
    for piece in pieces(bytes, step) {
        session.receive(piece)
        drain()
    }
    events.append(String(buffer: output))
    return events
}

private func client(_ bytes: [UInt8], step: Int) {
    var configuration = SMTPClientSession.Configuration(helloName: "fuzz")
    configuration.usesChunking = step.isMultiple(of: 2)
    var session = SMTPClientSession(configuration: configuration)
    let transaction = SMTPTransaction(
        sender: nil, recipients: ["a@b.c", "d@e.f"].compactMap { SMTPAddress($0) }, content: SMTPContent(ByteBuffer(string: ".x\r\n")))
    var isRunning = false
    func drain() {
        while let action = session.nextAction() {
            switch action {
            case .ready:
                isRunning = true
                session.start(transaction)
            case .finished(let result):
                precondition(isRunning && result.recipients.count == 2)
                isRunning = session.isReady
                if isRunning { session.start(transaction) }
            case .writeContent: session.contentWritten()
            case .beforeFinalDot: session.proceed()
            case .startTLS: session.tlsEstablished()
            case .write, .arm, .disarm, .failed, .close: break
            }
        }
    }
    session.connected()
    drain()
    for piece in pieces(bytes, step) {
        session.receive(piece)
        drain()
    }
    session.channelInactive()
    drain()
    precondition(!isRunning)
}

@main
enum Fuzzer {
    static func main() {
        FuzzDriver.run { fuzz($0, $1) }
    }
}
