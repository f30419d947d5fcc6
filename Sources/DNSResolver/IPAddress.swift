package import NIOCore

/// An IPv4 or IPv6 address as DNS gives it: bytes in network order.
package struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes, network order.
    package let bytes: [UInt8]

    /// - Returns: nil unless there are 4 or 16 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Whether this is an IPv6 address.
    package var isIPv6: Bool { bytes.count == 16 }

    /// Whether the address is this host's own, or the IPv6 form of such.
    package var isLoopback: Bool {
        if let mapped { return mapped.isLoopback }
        return isIPv6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
    }

    /// Whether no mail server can be at this address: unspecified, multicast, reserved or broadcast.
    package var isUnusable: Bool {
        if let mapped { return mapped.isUnusable }
        return isIPv6 ? bytes.allSatisfy { $0 == 0 } || bytes[0] == 0xFF : bytes[0] == 0 || bytes[0] >= 224
    }

    /// The IPv4 address inside an IPv4-mapped one (RFC 4291 §2.5.5.2).
    private var mapped: IPAddress? {
        guard isIPv6, bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF else { return nil }
        return IPAddress(bytes: bytes[12...])
    }

    /// The address with a port, to connect to.
    ///
    /// - Parameter port: 0…65535.
    /// - Throws: what NIO throws for an address it cannot hold.
    package func socketAddress(port: Int) throws -> SocketAddress {
        try SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: port)
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the recommended text form of RFC 5952.
    package var description: String {
        guard isIPv6 else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        // The longest run of two or more zero groups, the first of equals, becomes "::".
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > best.count { best = start..<end }
            start = max(end, start + 1)
        }
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}
