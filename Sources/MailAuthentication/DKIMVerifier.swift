/// Checks the signatures of a message (RFC 6376 §6).
///
/// The message is from the network: every count and length has a limit, and what does not fit is a result, never a trap.
package struct DKIMVerifier: Sendable {
    /// What to do with a signature that covers part of the body (`l=`, RFC 6376 §8.2).
    package enum BodyLengthPolicy: Sendable, Hashable {
        /// Accept it.
        case accept
        /// Accept it only when it covers all of the body that arrived.
        case refuseUncovered
    }

    /// Limits and policy.
    package struct Configuration: Sendable, Hashable {
        /// How many signatures are checked; the rest is `.tooManySignatures`.
        package var maximumSignatures = 8
        /// The smallest RSA key accepted, in bits.
        package var minimumRSABits = DKIMKey.minimumRSABits
        /// How far clocks may be apart, in seconds.
        package var clockTolerance: Int64 = 300
        /// What to do with `l=`.
        package var bodyLengthPolicy = BodyLengthPolicy.refuseUncovered

        package init() {}
    }

    /// Looks up the TXT records at a name.
    package typealias Lookup = @Sendable (_ name: String) async -> DKIMKeyLookup

    private let configuration: Configuration

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Checks every signature, from the first field to the last.
    ///
    /// - Parameters:
    ///   - message: as it arrived, lines ended by CRLF.
    ///   - time: now, in seconds since 1970.
    ///   - lookup: called once for each name.
    /// - Returns: one result for each DKIM-Signature field; none for an unsigned message.
    package func verify(_ message: [UInt8], at time: Int64, lookup: Lookup) async -> [DKIMVerification] {
        let header: MessageHeader
        do {
            header = try MessageHeader(of: message.span)
        } catch {
            return [Self.outcome(.neutral(.headerTooLarge))]
        }
        let name = Array("dkim-signature".utf8)
        var outcomes = [DKIMVerification]()
        var answers = [String: DKIMKeyLookup]()
        for (index, field) in header.fields.enumerated()
        where header.isNamed(name, at: index, in: message.span) {
            guard outcomes.count < configuration.maximumSignatures else {
                outcomes.append(Self.outcome(.neutral(.tooManySignatures)))
                break
            }
            let signature: DKIMSignature
            do {
                signature = try DKIMSignature(field: Array(message[field.whole]))
                try check(signature, at: time)
            } catch {
                outcomes.append(Self.outcome(Self.result(ofUnusable: error)))
                continue
            }
            let answer: DKIMKeyLookup
            if let known = answers[signature.recordName] {
                answer = known
            } else {
                answer = await lookup(signature.recordName)
                answers[signature.recordName] = answer
            }
            outcomes.append(verify(signature, field: field, header: header, message: message, answer: answer))
        }
        return outcomes
    }

    private func check(_ signature: DKIMSignature, at time: Int64) throws(DKIMFailure) {
        if let expiration = signature.expiration, time > expiration + configuration.clockTolerance { throw .expired }
        if let signed = signature.time, signed > time + configuration.clockTolerance { throw .fromTheFuture }
    }

    private func verify(
        _ signature: DKIMSignature, field: MessageHeader.Field, header: MessageHeader, message: [UInt8],
        answer: DKIMKeyLookup
    ) -> DKIMVerification {
        let records: [[UInt8]]
        switch answer {
        case .unavailable: return Self.outcome(.temporaryError(.keyUnavailable), signature)
        case .notFound: return Self.outcome(.permanentError(.keyNotFound), signature)
        case .records(let found): records = found
        }
        // More than one record at the name is undefined (RFC 6376 §3.6.2.2): the first that can be read is taken.
        var failure = DKIMFailure.keyNotFound
        for text in records.prefix(4) {
            do {
                let record = try DKIMKeyRecord(text)
                let key = try key(of: record, for: signature)
                return try verify(
                    signature, field: field, header: header, message: message, key: key, isTesting: record.isTesting)
            } catch {
                failure = error
            }
        }
        return Self.outcome(.permanentError(failure), signature)
    }

    private func key(of record: DKIMKeyRecord, for signature: DKIMSignature) throws(DKIMFailure) -> DKIMPublicKey {
        guard record.keyType == signature.algorithm.keyType, record.hashes?.contains("sha256") ?? true,
            record.services?.contains(where: { $0 == "*" || $0 == "email" }) ?? true
        else { throw .keyNotApplicable }
        if record.isStrict {
            let host = signature.identity.utf8.split(separator: 0x40, omittingEmptySubsequences: false).last
            guard let host, ASCII.equalFolded(host, signature.domain.utf8) else { throw .identityOutsideDomain }
        }
        guard let key = DKIMPublicKey(signature.algorithm, bytes: record.publicKey) else { throw .malformedKey }
        guard signature.algorithm != .rsaSHA256 || key.bitCount <= DKIMKey.maximumRSABits else { throw .malformedKey }
        return key
    }

    private func verify(
        _ signature: DKIMSignature, field: MessageHeader.Field, header: MessageHeader, message: [UInt8],
        key: DKIMPublicKey, isTesting: Bool
    ) throws(DKIMFailure) -> DKIMVerification {
        func outcome(_ result: DKIMVerification.Result) -> DKIMVerification {
            DKIMVerification(result: result, signature: signature, keyBitCount: key.bitCount, isTesting: isTesting)
        }
        do {
            var hash = try DKIMBodyHash(signature.bodyCanonicalization, limit: signature.bodyLength)
            hash.update(message.span.extracting(header.bodyStart..<message.count))
            let body = try hash.finalizeCounting()
            // A length beyond the body cannot be satisfied (RFC 6376 §3.5).
            guard body.digest == signature.bodyHash, signature.bodyLength ?? 0 <= body.canonicalByteCount else {
                return outcome(.fail(.bodyHashMismatch))
            }
            let unsigned = DKIMSignature.withoutSignature(Array(message[field.whole]))
            let data = DKIMSignedData.bytes(
                message: message.span, header: header, names: signature.headerNames, signatureField: unsigned.span,
                excluded: field.whole, canonicalization: signature.headerCanonicalization)
            guard try key.isValid(signature: signature.signature, of: data.span) else {
                return outcome(.fail(.signatureMismatch))
            }
            if signature.algorithm == .rsaSHA256, key.bitCount < configuration.minimumRSABits {
                return outcome(.policy(.keyTooShort))
            }
            if configuration.bodyLengthPolicy == .refuseUncovered, let length = signature.bodyLength,
                length < body.canonicalByteCount
            {
                return outcome(.policy(.bodyPartlySigned))
            }
            return outcome(.pass)
        } catch {
            throw .cryptography
        }
    }

    /// How a field that is not checked further is reported: what cannot be read is neutral, what has ended has failed.
    private static func result(ofUnusable failure: DKIMFailure) -> DKIMVerification.Result {
        switch failure {
        case .expired, .fromTheFuture: .fail(failure)
        case .malformedSignature, .unsupportedVersion, .unsupportedQueryMethod, .unsupportedCanonicalization:
            .neutral(failure)
        default: .permanentError(failure)
        }
    }

    private static func outcome(
        _ result: DKIMVerification.Result, _ signature: DKIMSignature? = nil
    ) -> DKIMVerification {
        DKIMVerification(result: result, signature: signature, keyBitCount: nil, isTesting: false)
    }
}
