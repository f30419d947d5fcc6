package import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A small authoritative DNS server for tests and load: UDP and TCP on one port.
///
/// Answers come from a table of names and types, and can be told to fail as real servers do. Names are without case and
/// without a final dot. A name that has no entry is answered by the wildcard nearest above it (`*.example.test`, or `*` for
/// everything; RFC 4592), and does not exist without one, unless a name below it has an entry. RRSIG records (type 46) of a name
/// go along with the type that they cover.
///
/// ```swift
/// let dns = try await DNSZoneServer.start(group: group)
/// dns.set("example.test", .mx(10, "mx.example.test"))
/// dns.set("mx.example.test", .a("127.0.0.1"))
/// let resolver = UnboundResolver(configuration: .init(servers: [dns.address], validation: .off))
/// …
/// try await dns.stop()
/// ```
package final class DNSZoneServer: Sendable {
    /// One resource record.
    package enum Record: Sendable, Hashable {
        /// Dotted decimal.
        case a(String)
        /// The 16 bytes' text form.
        case aaaa(String)
        case mx(UInt16, String)
        /// Split into strings of at most 255 bytes.
        case txt(String)
        case cname(String)
        /// Any type by its number, with its data as on the wire.
        case raw(type: UInt16, data: [UInt8])

        /// The number of its type on the wire.
        package var type: UInt16 {
            switch self {
            case .a: 1
            case .cname: 5
            case .mx: 15
            case .txt: 16
            case .aaaa: 28
            case .raw(let type, _): type
            }
        }
    }

    /// How a name answers wrongly.
    package enum Fault: Sendable, Hashable {
        /// SERVFAIL.
        case serverFailure
        /// REFUSED.
        case refused
        /// Nothing comes back.
        case silence
        /// The answer comes later.
        case delay(TimeAmount)
        /// Over UDP only the truncation flag comes back, so that the client asks again over TCP.
        case truncation
        /// Bytes that are no DNS message, with the query's identifier.
        case garbage
    }

    /// A question that arrived.
    package struct Query: Sendable, Hashable {
        package let name: String
        package let type: UInt16
        package let isTCP: Bool
    }

    private struct State {
        var records: [String: [Record]] = [:]
        /// Names above those with records, with the number of names directly or further below.
        var ancestors: [String: Int] = [:]
        var faults: [String: Fault] = [:]
        var ttl: UInt32 = 300
        var queries: [Query] = []

        mutating func add(_ name: String, _ new: [Record]) {
            if records[name] == nil { DNSZoneServer.ancestors(of: name).forEach { ancestors[$0, default: 0] += 1 } }
            records[name, default: []] += new
        }

        mutating func remove(_ name: String) {
            faults[name] = nil
            guard records.removeValue(forKey: name) != nil else { return }
            for ancestor in DNSZoneServer.ancestors(of: name) {
                let left = (ancestors[ancestor] ?? 1) - 1
                ancestors[ancestor] = left > 0 ? left : nil
            }
        }
    }

    /// Questions that are kept for ``queries``.
    private static let keptQueries = 100_000

    private let state = Mutex(State())
    private let channels: [any Channel]

    /// The port, the same for UDP and TCP.
    package let port: Int

    /// `HOST@PORT`, as the resolver's settings take it.
    package var address: String { "\(host)@\(port)" }

    private let host: String

    private init(channels: [any Channel], host: String, port: Int) {
        self.channels = channels
        self.host = host
        self.port = port
    }

    // MARK: The zone

    /// Adds records to a name.
    package func set(_ name: String, _ records: Record...) {
        set(name, records)
    }

    /// Adds records to a name.
    package func set(_ name: String, _ records: [Record]) {
        state.withLock { $0.add(Self.key(name), records) }
    }

    /// Makes a name exist without any record.
    package func setEmpty(_ name: String) {
        state.withLock { $0.add(Self.key(name), []) }
    }

    /// Removes a name with all its records and its fault.
    package func remove(_ name: String) {
        state.withLock { $0.remove(Self.key(name)) }
    }

    /// Lets every question for a name fail; nil ends that.
    package func fail(_ name: String, _ fault: Fault?) {
        state.withLock { $0.faults[Self.key(name)] = fault }
    }

    /// The time to live of every record, in seconds; 300 at first.
    package func setTTL(_ seconds: UInt32) {
        state.withLock { $0.ttl = seconds }
    }

    /// The questions that arrived, in order; of very many only the first.
    package var queries: [Query] { state.withLock { $0.queries } }

    /// How often a name was asked for a type.
    package func queryCount(_ name: String, type: UInt16) -> Int {
        let name = Self.key(name)
        return queries.count { $0.name == name && $0.type == type }
    }

    // MARK: Life

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - host: where to listen.
    ///   - port: for UDP and TCP; 0 takes one that is free for both.
    package static func start(group: any EventLoopGroup, host: String = "127.0.0.1", port wanted: Int = 0) async throws -> DNSZoneServer {
        let handle = Handle()
        var lastError: (any Error)?
        // The port that is free for TCP may be taken for UDP: try another.
        for _ in 0..<16 {
            let tcp = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(StreamHandler(handle: handle))
                    }
                }
                .bind(host: host, port: wanted).get()
            let port = tcp.localAddress?.port ?? 0
            do {
                let udp = try await DatagramBootstrap(group: group)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(DatagramHandler(handle: handle))
                        }
                    }
                    .bind(host: host, port: port).get()
                let server = DNSZoneServer(channels: [tcp, udp], host: host, port: port)
                handle.set(server)
                return server
            } catch {
                lastError = error
                try await tcp.close()
                if wanted != 0 { break }
            }
        }
        throw lastError ?? ChannelError.unknownLocalAddress
    }

    /// Stops listening.
    package func stop() async throws {
        for channel in channels { try await channel.close() }
    }

    // MARK: Answers

    /// What to send, when, or nothing.
    fileprivate func respond(to query: ByteBuffer, isTCP: Bool) -> (message: [UInt8], delay: TimeAmount)? {
        let bytes = Array(query.readableBytesView)
        guard bytes.count >= 12, bytes[2] & 0x80 == 0, let question = Self.readQuestion(bytes) else { return nil }
        let (fault, ttl) = state.withLock { state in
            if state.queries.count < Self.keptQueries {
                state.queries.append(Query(name: question.name, type: question.type, isTCP: isTCP))
            }
            return (state.faults[question.name], state.ttl)
        }
        var delay = TimeAmount.zero
        switch fault {
        case .serverFailure: return (Self.message(bytes, question, code: 2), delay)
        case .refused: return (Self.message(bytes, question, code: 5), delay)
        case .silence: return nil
        case .garbage: return (Array(bytes[..<2]) + [0xFF, 0xFF, 0xFF], delay)
        case .truncation where !isTCP: return (Self.message(bytes, question, code: 0, isTruncated: true), delay)
        case .delay(let amount): delay = amount
        case .truncation, nil: break
        }
        let (answers, exists) = state.withLock { Self.answers(in: $0, to: question) }
        let message = Self.message(
            bytes, question, code: exists ? 0 : 3,
            answers: answers.flatMap { Self.resourceRecord(name: $0.name, $0.record, ttl: ttl) },
            answerCount: answers.count, authority: answers.isEmpty ? Self.startOfAuthority(question.name, ttl: ttl) : [])
        if !isTCP, message.count > 1_232 {
            return (Self.message(bytes, question, code: 0, isTruncated: true), delay)
        }
        return (message, delay)
    }

    private struct Question {
        let name: String
        let type: UInt16
        /// Where the question ends in the query.
        let end: Int
    }

    /// The records for a question, aliases followed inside the zone, and whether the name exists.
    private static func answers(
        in state: State, to question: Question
    ) -> (answers: [(name: String, record: Record)], exists: Bool) {
        var answers = [(name: String, record: Record)]()
        var name = question.name
        for _ in 0..<16 {
            guard let records = state.records[name] ?? wildcard(for: name, in: state) else {
                return (answers, state.ancestors[name] != nil)
            }
            let matching = records.filter { $0.type == question.type }
            if matching.isEmpty, case .cname(let target)? = records.first(where: { $0.type == 5 }) {
                answers.append((name, .cname(target)))
                name = key(target)
                continue
            }
            // The signatures of what is answered; only validating resolvers are told about them by tests.
            let signatures = records.filter { record in
                guard case .raw(46, let data) = record, question.type != 46 else { return false }
                return data.starts(with: bigEndian(question.type))
            }
            return (answers + (matching.isEmpty ? [] : matching + signatures).map { (name, $0) }, true)
        }
        return (answers, true)
    }

    /// The names above a name, the nearest first, without the root.
    private static func ancestors(of name: String) -> [String] {
        var names: [String] = []
        var rest = name[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            names.append(String(rest))
        }
        return names
    }

    /// The records of the wildcard at the closest name above that exists (RFC 4592 §3.3.1).
    private static func wildcard(for name: String, in state: State) -> [Record]? {
        guard state.ancestors[name] == nil else { return nil }
        for ancestor in ancestors(of: name) where state.records[ancestor] != nil || state.ancestors[ancestor] != nil {
            return state.records["*.\(ancestor)"]
        }
        return state.records["*"]
    }

    private static func readQuestion(_ bytes: [UInt8]) -> Question? {
        var labels = [String]()
        var position = 12
        while position < bytes.count, bytes[position] != 0 {
            let end = position + 1 + Int(bytes[position])
            guard bytes[position] < 64, end < bytes.count else { return nil }
            labels.append(String(decoding: bytes[(position + 1)..<end], as: UTF8.self))
            position = end
        }
        guard position + 5 <= bytes.count else { return nil }
        let type = UInt16(bytes[position + 1]) << 8 | UInt16(bytes[position + 2])
        return Question(name: key(labels.joined(separator: ".")), type: type, end: position + 5)
    }

    private static func message(
        _ query: [UInt8], _ question: Question, code: UInt8, isTruncated: Bool = false, answers: [UInt8] = [],
        answerCount: Int = 0, authority: [UInt8] = []
    ) -> [UInt8] {
        // Response, authoritative, recursion desired as asked and available.
        var output = Array(query[..<2])
        output.append(0x84 | (isTruncated ? 0x02 : 0) | query[2] & 0x01)
        output.append(0x80 | code)
        output += [0, 1] + bigEndian(UInt16(answerCount)) + [0, authority.isEmpty ? 0 : 1, 0, 0]
        output += query[12..<question.end]
        return output + answers + authority
    }

    private static func resourceRecord(name: String, _ record: Record, ttl: UInt32) -> [UInt8] {
        let data = data(of: record)
        return wireName(name) + bigEndian(record.type) + [0, 1] + bigEndian(ttl) + bigEndian(UInt16(data.count)) + data
    }

    /// What makes the absence of a name or type something to keep (RFC 2308 §5).
    private static func startOfAuthority(_ name: String, ttl: UInt32) -> [UInt8] {
        let zone = name.split(separator: ".").suffix(1).joined(separator: ".")
        let data =
            wireName("ns.\(zone)") + wireName("hostmaster.\(zone)") + bigEndian(UInt32(1)) + bigEndian(UInt32(3_600))
            + bigEndian(UInt32(600)) + bigEndian(UInt32(86_400)) + bigEndian(ttl)
        return wireName(zone) + [0, 6, 0, 1] + bigEndian(ttl) + bigEndian(UInt16(data.count)) + data
    }

    private static func data(of record: Record) -> [UInt8] {
        switch record {
        case .a(let text):
            var bytes = [UInt8](repeating: 0, count: 4)
            return inet_pton(AF_INET, text, &bytes) == 1 ? bytes : []
        case .aaaa(let text):
            var bytes = [UInt8](repeating: 0, count: 16)
            return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : []
        case .mx(let preference, let host):
            return bigEndian(preference) + wireName(host)
        case .cname(let target):
            return wireName(target)
        case .txt(let text):
            let bytes = Array(text.utf8)
            guard !bytes.isEmpty else { return [0] }
            return stride(from: 0, to: bytes.count, by: 255).flatMap { start -> [UInt8] in
                let part = bytes[start..<min(start + 255, bytes.count)]
                return [UInt8(part.count)] + part
            }
        case .raw(_, let data):
            return data
        }
    }

    private static func wireName(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    private static func key(_ name: String) -> String {
        let lowercased = name.lowercased()
        return lowercased.hasSuffix(".") ? String(lowercased.dropLast()) : lowercased
    }
}

/// The server, once both of its channels are there.
private final class Handle: Sendable {
    private let server = Mutex<DNSZoneServer?>(nil)

    func set(_ server: DNSZoneServer) { self.server.withLock { $0 = server } }

    func respond(to query: ByteBuffer, isTCP: Bool) -> (message: [UInt8], delay: TimeAmount)? {
        server.withLock { $0 }?.respond(to: query, isTCP: isTCP)
    }
}

/// One datagram, one question.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let handle: Handle

    init(handle: Handle) { self.handle = handle }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let (message, delay) = handle.respond(to: envelope.data, isTCP: false) else { return }
        let answer = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: message))
        let channel = context.channel
        context.eventLoop.scheduleTask(in: delay) { channel.writeAndFlush(answer, promise: nil) }
    }
}

/// Messages behind their length in two bytes (RFC 1035 §4.2.2).
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let handle: Handle
    private var received = ByteBuffer()

    init(handle: Handle) { self.handle = handle }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        while let length = received.getInteger(at: received.readerIndex, as: UInt16.self),
            received.readableBytes >= 2 + Int(length)
        {
            received.moveReaderIndex(forwardBy: 2)
            guard let query = received.readSlice(length: Int(length)),
                let (message, delay) = handle.respond(to: query, isTCP: true)
            else { continue }
            var answer = ByteBuffer(integer: UInt16(message.count))
            answer.writeBytes(message)
            let channel = context.channel
            let framed = answer
            context.eventLoop.scheduleTask(in: delay) { channel.writeAndFlush(framed, promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
