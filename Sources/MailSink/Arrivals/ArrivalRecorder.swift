import NIOCore
import SMTPProtocol

/// Writes what happens to each recipient on one connection into the record file.
struct ArrivalRecorder {
    private let log: RecordLogWriter<Arrival>
    private let provider: UInt16
    private let connection: UInt64
    private let source: (UInt64, UInt64)
    private let sabotage: SabotageCounter?
    private var check = LoadCheck()
    private var hasContent = false
    private var fault: Sabotage.Kind?

    init(log: RecordLogWriter<Arrival>, provider: UInt16, connection: UInt64, remote: SocketAddress?, sabotage: SabotageCounter?) {
        self.log = log
        self.provider = provider
        self.connection = connection
        self.source = Arrival.source(remote)
        self.sabotage = sabotage
    }

    /// A part of the content.
    mutating func receive(_ slice: ByteBuffer) {
        if !hasContent {
            hasContent = true
            fault = sabotage?.next()
        }
        guard fault == .alter, slice.readableBytes > 0 else { return check.receive(slice) }
        fault = nil
        var altered = slice
        let last = altered.writerIndex - 1
        altered.setInteger((altered.getInteger(at: last, as: UInt8.self) ?? 0) ^ 1, at: last)
        check.receive(altered)
    }

    /// The content received so far is void.
    mutating func discard() {
        check = LoadCheck()
        hasContent = false
        fault = nil
    }

    /// The message was answered.
    mutating func message(recipients: [String], octets: Int, code: UInt16, isEncrypted: Bool) {
        let found = check.finish()
        let foreign = found == nil ? check.foreignID() : nil
        let fault = fault
        discard()
        guard fault != .drop else { return }
        var flags = found?.flags ?? .foreign
        if isEncrypted { flags.insert(.encrypted) }
        let time = WallClock.now()
        for recipient in recipients {
            let mark = LoadRecipient(address: recipient)
            let arrival = Arrival(
                sequence: found?.id.sequence ?? foreign ?? 0, run: found?.id.run ?? 0, recipient: mark?.index ?? .max, kind: Self.kind(code),
                flags: flags, time: time, connection: connection, octets: UInt32(clamping: octets), provider: provider, code: code, source: source)
            log.append(arrival)
            if fault == .double { log.append(arrival) }
        }
    }

    /// A recipient was refused or put off before any content. Its run is not known then.
    func recipient(_ address: String, code: UInt16, isEncrypted: Bool) {
        guard let mark = LoadRecipient(address: address) else { return }
        log.append(
            Arrival(
                sequence: mark.sequence, run: 0, recipient: mark.index, kind: Self.kind(code), flags: isEncrypted ? .encrypted : [],
                time: WallClock.now(),
                connection: connection, octets: 0, provider: provider, code: code, source: source))
    }

    private static func kind(_ code: UInt16) -> Arrival.Kind {
        switch code {
        case 200...299: .accepted
        case 500...599: .refused
        default: .deferred
        }
    }
}
