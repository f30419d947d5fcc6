package import NIOCore

/// What happened to one recipient of one message at a sink. One record in the file of `--record`.
///
/// | offset | type | |
/// |---|---|---|
/// | 0 | u64 | sequence of the ``LoadID``; for other messages a hash of their id |
/// | 8 | u32 | run of the ``LoadID``; 0 for other messages |
/// | 12 | u16 | index of the recipient in its message; 65535 when its address does not say |
/// | 14 | u8 | ``Kind`` |
/// | 15 | u8 | ``Flags`` |
/// | 16 | i64 | nanoseconds since 1970: when the reply was written |
/// | 24 | u64 | connection |
/// | 32 | u32 | octets of the content; 0 when it was not received |
/// | 36 | u16 | provider, by its place in the scenario |
/// | 38 | u16 | reply code |
/// | 40 | 16 octets | source address, IPv4 mapped into IPv6 |
package struct Arrival: FixedRecord {
    package static var magic: StaticString { "APUSARR1" }

    package enum Kind: UInt8, Sendable {
        /// Acknowledged with 2yz: the sink has it.
        case accepted = 1
        /// Refused for good (5yz).
        case refused = 2
        /// Put off (4yz).
        case deferred = 3
    }

    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The fields that the generator wrote are not what it wrote.
        package static let alteredHead = Flags(rawValue: 1)
        /// The body is not what the generator wrote.
        package static let alteredBody = Flags(rawValue: 2)
        /// It came by TLS.
        package static let encrypted = Flags(rawValue: 4)
        /// The message has no ``LoadID``.
        package static let foreign = Flags(rawValue: 8)
    }

    package var sequence: UInt64
    package var run: UInt32
    package var recipient: UInt16
    package var kind: Kind
    package var flags: Flags
    package var time: Int64
    package var connection: UInt64
    package var octets: UInt32
    package var provider: UInt16
    package var code: UInt16
    /// Two halves of the 16 octets, as in memory.
    package var source: (UInt64, UInt64)

    package init(
        sequence: UInt64, run: UInt32, recipient: UInt16, kind: Kind, flags: Flags, time: Int64, connection: UInt64, octets: UInt32, provider: UInt16,
        code: UInt16, source: (UInt64, UInt64)
    ) {
        self.sequence = sequence
        self.run = run
        self.recipient = recipient
        self.kind = kind
        self.flags = flags
        self.time = time
        self.connection = connection
        self.octets = octets
        self.provider = provider
        self.code = code
        self.source = source
    }

    package init(octets: UnsafeRawBufferPointer) {
        self.init(
            sequence: octets.number(at: 0, as: UInt64.self), run: octets.number(at: 8, as: UInt32.self),
            recipient: octets.number(at: 12, as: UInt16.self), kind: Kind(rawValue: octets[14]) ?? .deferred, flags: Flags(rawValue: octets[15]),
            time: octets.number(at: 16, as: Int64.self), connection: octets.number(at: 24, as: UInt64.self),
            octets: octets.number(at: 32, as: UInt32.self), provider: octets.number(at: 36, as: UInt16.self),
            code: octets.number(at: 38, as: UInt16.self),
            source: (octets.number(at: 40, as: UInt64.self), octets.number(at: 48, as: UInt64.self)))
    }

    package func write(to octets: UnsafeMutableRawBufferPointer) {
        octets.set(sequence, at: 0)
        octets.set(run, at: 8)
        octets.set(recipient, at: 12)
        octets.set(kind.rawValue, at: 14)
        octets.set(flags.rawValue, at: 15)
        octets.set(time, at: 16)
        octets.set(connection, at: 24)
        octets.set(self.octets, at: 32)
        octets.set(provider, at: 36)
        octets.set(code, at: 38)
        octets.set(source.0, at: 40)
        octets.set(source.1, at: 48)
    }

    /// The 16 octets of an address, IPv4 mapped into IPv6.
    package static func source(_ address: SocketAddress?) -> (UInt64, UInt64) {
        guard let address else { return (0, 0) }
        let protocolFamily = address.protocol
        return address.withSockAddr { pointer, size in
            // The addresses begin behind family and port, in IPv6 behind the flow label as well.
            let octets = UnsafeRawBufferPointer(start: pointer, count: size)
            switch protocolFamily {
            case .inet where size >= 8:
                return (0, (UInt64(0xFFFF) << 32 | UInt64(UInt32(bigEndian: octets.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))).bigEndian)
            case .inet6 where size >= 24:
                return (octets.loadUnaligned(fromByteOffset: 8, as: UInt64.self), octets.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            default: return (0, 0)
            }
        }
    }
}
