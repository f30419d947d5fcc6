internal import CUnbound

/// What a result of libunbound means.
enum UnboundAnswer {
    /// How many records of one answer are read; more are left out.
    static let maximumRecords = 512

    /// Reads a result.
    ///
    /// - Parameters:
    ///   - status: 0, or libunbound's own failure.
    ///   - result: valid during the call.
    static func read(
        _ type: DNSRecordType, status: Int32, result: UnsafeMutablePointer<ub_result>?
    ) -> Result<DNSAnswer, DNSError> {
        guard status == 0, let result = result?.pointee else {
            return .failure(DNSError(.temporaryFailure, "the resolver failed"))
        }
        let isSecure = result.secure != 0
        let ttl = max(Int(result.ttl), 0)
        if result.bogus != 0 { return .failure(DNSError(.bogus, "DNSSEC validation failed")) }
        if result.nxdomain != 0 {
            return .failure(DNSError(.noSuchDomain, "the domain does not exist", ttl: ttl, isSecure: isSecure))
        }
        guard result.rcode == 0 else { return .failure(DNSError(.temporaryFailure, "the servers cannot answer")) }
        guard result.havedata != 0, let data = result.data, let lengths = result.len else {
            return .failure(DNSError(.noData, "the domain has no such record", ttl: ttl, isSecure: isSecure))
        }
        var records = [DNSRecord]()
        for index in 0..<maximumRecords {
            guard let start = data[index] else { break }
            let bytes = UnsafeRawBufferPointer(start: start, count: max(Int(lengths[index]), 0))
            if let record = DNSRecord(type, data: Array(bytes)) { records.append(record) }
        }
        guard !records.isEmpty else { return .failure(DNSError(.malformedAnswer, "no record can be used")) }
        // The name that was asked for when there was no alias.
        let canonical = result.canonname ?? result.qname
        let name = canonical.flatMap { DNSName.normalized(String(cString: $0)) } ?? ""
        return .success(DNSAnswer(canonicalName: name, records: records, ttl: ttl, isSecure: isSecure))
    }
}
