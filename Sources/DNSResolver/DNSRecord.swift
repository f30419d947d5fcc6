/// The data of one resource record.
package enum DNSRecord: Sendable, Hashable {
    /// An address, IPv4 or IPv6.
    case address(IPAddress)
    /// A mail exchanger; lower preferences are tried first. An empty host is the root: no mail here (RFC 7505).
    case mx(preference: UInt16, host: String)
    /// The joined strings of a TXT record.
    case txt([UInt8])
    /// What an alias stands for.
    case cname(String)

    /// How long a TXT record may be, in bytes.
    static let maximumTextByteCount = 16_384

    /// Reads record data, uncompressed and in network order (RFC 1035 §3.3).
    ///
    /// - Returns: nil for data that has not the form of its type, or a name that cannot be used.
    init?(_ type: DNSRecordType, data: [UInt8]) {
        switch type {
        case .a, .aaaa:
            guard let address = IPAddress(bytes: data), address.isIPv6 == (type == .aaaa) else { return nil }
            self = .address(address)
        case .mx:
            guard data.count > 2, let host = DNSName.read(data[2...]), host.byteCount == data.count - 2 else {
                return nil
            }
            self = .mx(preference: UInt16(data[0]) << 8 | UInt16(data[1]), host: host.name)
        case .cname:
            guard let target = DNSName.read(data[...]), target.byteCount == data.count else { return nil }
            self = .cname(target.name)
        case .txt:
            var text = [UInt8]()
            var position = 0
            while position < data.count {
                let end = position + 1 + Int(data[position])
                guard end <= data.count, text.count + Int(data[position]) <= Self.maximumTextByteCount else {
                    return nil
                }
                text.append(contentsOf: data[(position + 1)..<end])
                position = end
            }
            self = .txt(text)
        }
    }
}
