/// The canonical form of a request that both sides hash (SigV4: "Create a canonical request").
enum CanonicalRequest {
    /// All lines but the last, which is the hash of the body.
    ///
    /// - Parameters:
    ///   - signedHeaders: lower-case names, sorted.
    ///   - excludingSignature: leaves `X-Amz-Signature` out of the query, as in a presigned request.
    static func prefix(_ request: SignableRequest, signedHeaders: [String], excludingSignature: Bool) -> [UInt8] {
        var output = Array(request.method.utf8)
        output.reserveCapacity(1024)
        output.append(0x0A)
        appendPath(request.path, to: &output)
        output.append(0x0A)
        appendQuery(request.query, excludingSignature: excludingSignature, to: &output)
        output.append(0x0A)
        for name in signedHeaders {
            output.append(contentsOf: name.utf8)
            output.append(0x3A)
            var isFirst = true
            for value in request.values(name) {
                if !isFirst { output.append(0x2C) }
                isFirst = false
                appendFolded(value, to: &output)
            }
            output.append(0x0A)
        }
        output.append(0x0A)
        output.append(contentsOf: signedHeaders.joined(separator: ";").utf8)
        output.append(0x0A)
        return output
    }

    /// Dot segments and doubled slashes resolved, then encoded once more: every service but S3 encodes twice.
    private static func appendPath(_ path: String, to output: inout [UInt8]) {
        var segments: [Substring] = []
        for segment in Octets.split(path, at: 0x2F, omittingEmpty: true) {
            if segment == ".." {
                _ = segments.popLast()
            } else if segment != "." {
                segments.append(segment)
            }
        }
        for segment in segments {
            output.append(0x2F)
            Octets.appendPercentEncoded(segment.utf8, keepingSlash: false, to: &output)
        }
        if segments.isEmpty || path.utf8.last == 0x2F { output.append(0x2F) }
    }

    /// Pairs decoded, encoded the one right way, sorted by name and then value.
    private static func appendQuery(_ query: String, excludingSignature: Bool, to output: inout [UInt8]) {
        var pairs: [(name: [UInt8], value: [UInt8])] = []
        for pair in Octets.split(query, at: 0x26, omittingEmpty: true) {
            let parts = Octets.split(pair, at: 0x3D, maxSplits: 1)
            var name: [UInt8] = []
            var value: [UInt8] = []
            Octets.appendPercentEncoded(Octets.percentDecoded(parts[0]), keepingSlash: false, to: &name)
            if parts.count > 1 { Octets.appendPercentEncoded(Octets.percentDecoded(parts[1]), keepingSlash: false, to: &value) }
            if excludingSignature, name.elementsEqual("X-Amz-Signature".utf8) { continue }
            pairs.append((name, value))
        }
        pairs.sort { $0.name == $1.name ? $0.value.lexicographicallyPrecedes($1.value) : $0.name.lexicographicallyPrecedes($1.name) }
        for (index, pair) in pairs.enumerated() {
            if index > 0 { output.append(0x26) }
            output.append(contentsOf: pair.name)
            output.append(0x3D)
            output.append(contentsOf: pair.value)
        }
    }

    /// Without white space at both ends, inner runs as one space.
    private static func appendFolded(_ value: String, to output: inout [UInt8]) {
        var pendingSpace = false
        var hasContent = false
        for byte in value.utf8 {
            if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) {
                pendingSpace = hasContent
                continue
            }
            if pendingSpace { output.append(0x20) }
            pendingSpace = false
            hasContent = true
            output.append(byte)
        }
    }
}
