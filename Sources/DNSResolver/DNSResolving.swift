package import NIOCore

/// Looks names up in the DNS.
///
/// One requirement; everything else is built on it, so a stand-in for tests implements a single function.
package protocol DNSResolving: Sendable {
    /// Called once, on any thread.
    typealias Completion = @Sendable (Result<DNSAnswer, DNSError>) -> Void

    /// Starts a look-up and returns at once.
    ///
    /// - Parameters:
    ///   - name: absolute, with or without a final dot, A-labels only.
    ///   - type: the records wanted; aliases are followed, except for `cname`.
    ///   - completion: called exactly once; possibly before this returns.
    func resolve(_ name: String, _ type: DNSRecordType, completion: @escaping Completion)
}

extension DNSResolving {
    /// Looks up records.
    ///
    /// - Throws: `DNSError`; `.noSuchDomain` and `.noData` are answers too.
    package func lookup(_ name: String, _ type: DNSRecordType) async throws(DNSError) -> DNSAnswer {
        let result: Result<DNSAnswer, DNSError> = await withCheckedContinuation { continuation in
            resolve(name, type) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Looks up records; the future completes on `eventLoop`.
    package func lookup(
        _ name: String, _ type: DNSRecordType, on eventLoop: any EventLoop
    ) -> EventLoopFuture<DNSAnswer> {
        let promise = eventLoop.makePromise(of: DNSAnswer.self)
        resolve(name, type) { promise.completeWith($0.mapError { $0 as any Error }) }
        return promise.futureResult
    }

    /// The mail exchangers of a domain, by ascending preference.
    ///
    /// - Throws: `DNSError`; `.noData` means that the domain itself may take mail (RFC 5321 §5.1).
    package func lookupMX(_ domain: String) async throws(DNSError) -> MXAnswer {
        try MXAnswer(await lookup(domain, .mx))
    }

    /// The mail exchangers of a domain; the future completes on `eventLoop`.
    package func lookupMX(_ domain: String, on eventLoop: any EventLoop) -> EventLoopFuture<MXAnswer> {
        lookup(domain, .mx, on: eventLoop).flatMapThrowing { try MXAnswer($0) }
    }

    /// The texts at a name, each record's strings joined.
    package func lookupTXT(_ name: String) async throws(DNSError) -> [[UInt8]] {
        try await lookup(name, .txt).records.compactMap { if case .txt(let text) = $0 { text } else { nil } }
    }

    /// What an alias stands for; the alias is not followed further.
    package func lookupCNAME(_ name: String) async throws(DNSError) -> String {
        for case .cname(let target) in try await lookup(name, .cname).records { return target }
        throw DNSError(.malformedAnswer, "no CNAME record can be used")
    }

    /// The IPv4 addresses of a host.
    package func lookupA(_ host: String) async throws(DNSError) -> [IPAddress] {
        try await lookupAddresses(host, .a)
    }

    /// The IPv6 addresses of a host.
    package func lookupAAAA(_ host: String) async throws(DNSError) -> [IPAddress] {
        try await lookupAddresses(host, .aaaa)
    }

    private func lookupAddresses(_ host: String, _ type: DNSRecordType) async throws(DNSError) -> [IPAddress] {
        try await lookup(host, type).records.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }
}
