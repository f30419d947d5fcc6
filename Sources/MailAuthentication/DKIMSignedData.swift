/// The bytes that a signature signs: the chosen header fields and the signature's own field, canonical (RFC 6376 §3.7).
package enum DKIMSignedData {
    /// Builds them.
    ///
    /// - Parameters:
    ///   - message: the message that the names are looked up in, CRLF line ends.
    ///   - names: the `h=` list in order. The nth mention of a name stands for the nth field of that name from the
    ///     bottom, and for nothing when there are fewer (RFC 6376 §5.4.2).
    ///   - signatureField: the DKIM-Signature field whose `b=` value is empty.
    ///   - excluded: bytes of `message` that are the signature field itself when it stands in the message; no name
    ///     may choose them.
    ///   - canonicalization: of the header.
    /// - Throws: `DKIMError` with `.headerTooLarge`.
    package static func bytes(
        message: Span<UInt8>, names: [[UInt8]], signatureField: Span<UInt8>, excluded: Range<Int>? = nil,
        canonicalization: DKIMCanonicalization
    ) throws(DKIMError) -> [UInt8] {
        bytes(
            message: message, header: try MessageHeader(of: message), names: names, signatureField: signatureField,
            excluded: excluded, canonicalization: canonicalization)
    }

    static func bytes(
        message: Span<UInt8>, header: MessageHeader, names: [[UInt8]], signatureField: Span<UInt8>,
        excluded: Range<Int>?, canonicalization: DKIMCanonicalization
    ) -> [UInt8] {
        var output = [UInt8]()
        output.reserveCapacity(header.bodyStart + signatureField.count)
        var isTaken = header.fields.map { $0.whole == excluded }
        for name in names {
            let lowercased = name.map(ASCII.lowercased)
            var index = header.fields.count
            while index > 0 {
                index -= 1
                if !isTaken[index], header.isNamed(lowercased, at: index, in: message) {
                    isTaken[index] = true
                    canonicalization.appendHeader(
                        message.extracting(header.fields[index].whole), to: &output)
                    break
                }
            }
        }
        canonicalization.appendHeader(signatureField, to: &output)
        output.removeLast(2)  // The signature's own field is hashed without its CRLF.
        return output
    }
}
