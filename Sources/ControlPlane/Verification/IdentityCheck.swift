internal import DNSResolver

/// Looks whether a domain identity's keys are published.
struct IdentityCheck: Sendable {
    let resolver: any DNSResolving

    /// Looks at all keys of an identity, one after the other, through aliases or directly.
    func result(for identity: EmailIdentity) async -> IdentityCheckResult {
        guard let dkim = identity.dkim else { return .notFound(.serviceError) }
        var first: VerificationError?
        for (token, key) in zip(dkim.tokens, dkim.publicKeys) {
            let name = ControlPlane.selectorName(token, identity.name)
            guard let error = await self.error(at: name, expecting: key.record) else { continue }
            // A definite reason ends it: nothing that the other names say can change the result.
            if error.isDefinite { return .notFound(error) }
            first = first ?? error
        }
        return first.map { .notFound($0) } ?? .found
    }

    private func error(at name: String, expecting record: String) async -> VerificationError? {
        do throws(DNSError) {
            let texts = try await self.resolver.lookupTXT(name)
            let expected = Self.publicKey(in: Array(record.utf8))
            return texts.contains { Self.publicKey(in: $0) == expected } ? nil : .invalidValue
        } catch {
            switch error.code {
            case .noSuchDomain: return .hostNotFound
            case .noData: return .typeNotFound
            case .malformedAnswer: return .invalidValue
            case .temporaryFailure, .timeout, .bogus: return .dnsServerError
            case .invalidName, .overloaded, .closed: return .serviceError
            }
        }
    }

    /// The `p=` tag of a key record without white space (RFC 6376, section 3.6.1); nil where there is none.
    static func publicKey(in record: [UInt8]) -> [UInt8]? {
        for tag in record.split(separator: UInt8(ascii: ";")) {
            let bytes = tag.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d && $0 != 0x0a }
            guard bytes.count > 2, bytes[0] == UInt8(ascii: "p"), bytes[1] == UInt8(ascii: "=") else { continue }
            return Array(bytes[2...])
        }
        return nil
    }
}
