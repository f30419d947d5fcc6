/// A whole message as given by a client, checked and in the one form that every server reads alike: each line ends with CRLF, no CR or LF
/// stands alone, no NUL occurs, header and body are separated by an empty line.
///
/// Ambiguous line ends are what SMTP smuggling lives on. They are made CRLF here (as SES does with lone LF), before anything looks at the
/// message, so that nobody behind sees other lines than the checks saw; NUL is refused. An mbox `From ` line at the start is dropped.
package struct RawMessage: Sendable {
    /// What happens to a CR or LF that stands alone.
    package enum LineEndingPolicy: Hashable, Sendable {
        /// Each becomes CRLF.
        case normalize
        /// The message is refused.
        case reject
    }

    /// The whole message in the form described above.
    package let bytes: [UInt8]
    package let header: HeaderBlock
    /// Whether an octet above 127 occurs.
    package let isEightBit: Bool

    /// Checks and normalises. Well-formed input is not copied.
    ///
    /// - Throws: `MessageError`.
    package init(
        _ raw: [UInt8], lineEndings: LineEndingPolicy = .normalize, limits: MessageLimits = MessageLimits()
    ) throws(MessageError) {
        let survey = try LineSurvey(raw, limits: limits)
        if let offset = survey.firstBareLineEnding, lineEndings == .reject { throw MessageError(.bareLineEnding, offset: offset) }
        var bytes = survey.firstBareLineEnding == nil && survey.endsWithLineEnding ? raw : Self.normalized(raw)
        if bytes.starts(with: "From ".utf8) {
            // `From : a@b.c` is a field in obsolete syntax.
            let line = HeaderBlock.line(bytes, at: 0, end: bytes.count)
            if HeaderBlock.fieldName(bytes, in: line.content) == nil { bytes.removeSubrange(..<line.next) }
        }
        var header = try HeaderBlock(bytes, limits: limits)
        if header.defects.contains(.missingSeparator) {
            bytes.insert(contentsOf: [ASCII.cr, ASCII.lf], at: header.bodyStart)
            header = try HeaderBlock(bytes, limits: limits)
        }
        self.bytes = bytes
        self.header = header
        isEightBit = survey.isEightBit
    }

    package var body: ArraySlice<UInt8> { bytes[header.bodyStart...] }

    private static func normalized(_ raw: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(raw.count + raw.count / 32 + 2)
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            if byte == ASCII.cr || byte == ASCII.lf {
                output.append(ASCII.cr)
                output.append(ASCII.lf)
                if byte == ASCII.cr, index + 1 < raw.count, raw[index + 1] == ASCII.lf { index += 1 }
            } else {
                output.append(byte)
            }
            index += 1
        }
        if output.last != ASCII.lf {
            output.append(ASCII.cr)
            output.append(ASCII.lf)
        }
        return output
    }
}
