/// An index of the header fields at a position of a message; nothing is copied (RFC 5322, sections 2.2 and 4.5).
///
/// Lines end with CRLF or LF. Any octets are accepted in values. The section ends at an empty line, or before the first line that is neither
/// a field nor the continuation of one, which ``Defects/missingSeparator`` reports.
package struct HeaderBlock: Sendable {
    /// What was not as it should be, yet could be read in one way only.
    package struct Defects: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// A CR without LF within a field.
        package static let bareCarriageReturn = Defects(rawValue: 1)
        /// A line that ends with LF alone.
        package static let bareLineFeed = Defects(rawValue: 2)
        /// No empty line between header and body.
        package static let missingSeparator = Defects(rawValue: 4)
        /// White space between a name and its colon.
        package static let spaceBeforeColon = Defects(rawValue: 8)
    }

    /// The octets that the ranges point into.
    package let bytes: [UInt8]
    package let fields: [HeaderField]
    /// All fields with their line endings, without the empty line.
    package let range: Range<Int>
    /// The first octet of the body.
    package let bodyStart: Int
    package let defects: Defects

    /// Indexes the fields from the start of `range`.
    ///
    /// - Throws: `MessageError` when a limit is passed.
    package init(_ bytes: [UInt8], in range: Range<Int>? = nil, limits: MessageLimits = MessageLimits()) throws(MessageError) {
        let bounds = (range ?? bytes.indices).clamped(to: bytes.indices)
        var fields: [HeaderField] = []
        var defects: Defects = []
        var position = bounds.lowerBound
        var bodyStart: Int?
        while position < bounds.upperBound {
            let line = Self.line(bytes, at: position, end: bounds.upperBound)
            guard line.next - bounds.lowerBound <= limits.headerBytes + 2 else {
                throw MessageError(.headerTooLarge, offset: bounds.lowerBound)
            }
            if line.content.isEmpty {
                if line.next - position == 1 { defects.insert(.bareLineFeed) }
                bodyStart = line.next
                break
            }
            if ASCII.isBlank(bytes[position]), let last = fields.indices.last {
                fields[last].value = fields[last].value.lowerBound..<line.content.upperBound
                fields[last].field = fields[last].field.lowerBound..<line.next
            } else if let (name, colon) = Self.fieldName(bytes, in: line.content) {
                guard fields.count < limits.headerFields else { throw MessageError(.tooManyFields, offset: position) }
                if name.upperBound < colon { defects.insert(.spaceBeforeColon) }
                fields.append(HeaderField(name: name, value: (colon + 1)..<line.content.upperBound, field: position..<line.next))
            } else {
                break
            }
            if line.isBareLineFeed { defects.insert(.bareLineFeed) }
            if line.hasBareCarriageReturn { defects.insert(.bareCarriageReturn) }
            position = line.next
        }
        if bodyStart == nil { defects.insert(.missingSeparator) }
        self.bytes = bytes
        self.fields = fields
        self.range = bounds.lowerBound..<position
        self.bodyStart = bodyStart ?? position
        self.defects = defects
    }

    // MARK: Looking up

    /// All fields of that name, in order; the case of the name does not matter.
    package func all(_ name: String) -> [HeaderField] {
        fields.filter { ASCII.equalsIgnoringCase(bytes[$0.name], name.utf8) }
    }

    /// The first field of that name.
    package func first(_ name: String) -> HeaderField? {
        fields.first { ASCII.equalsIgnoringCase(bytes[$0.name], name.utf8) }
    }

    /// The field's name as written.
    package func name(of field: HeaderField) -> String { String(decoding: bytes[field.name], as: UTF8.self) }

    /// The value with folding undone (CR and LF dropped, the blanks after them kept) and without blanks at both ends.
    package func unfoldedValue(of field: HeaderField) -> [UInt8] {
        var value = bytes[field.value].filter { $0 != ASCII.cr && $0 != ASCII.lf }
        while let last = value.last, ASCII.isBlank(last) { value.removeLast() }
        return Array(value.drop(while: ASCII.isBlank))
    }

    /// The unfolded value of the first field of that name.
    package func value(_ name: String) -> [UInt8]? { first(name).map { unfoldedValue(of: $0) } }

    /// The value of the first field of that name as a person reads it: unfolded, encoded words decoded.
    package func text(_ name: String) -> String? { value(name).map { EncodedWord.decode($0) } }

    // MARK: Lines

    struct Line {
        /// Without its ending.
        let content: Range<Int>
        /// Where the next line starts.
        let next: Int
        let isBareLineFeed: Bool
        let hasBareCarriageReturn: Bool
    }

    static func line(_ bytes: [UInt8], at position: Int, end: Int) -> Line {
        var index = position
        var hasCarriageReturn = false
        while index < end, bytes[index] != ASCII.lf {
            if bytes[index] == ASCII.cr, index + 1 >= end || bytes[index + 1] != ASCII.lf { hasCarriageReturn = true }
            index += 1
        }
        guard index < end else { return Line(content: position..<end, next: end, isBareLineFeed: false, hasBareCarriageReturn: hasCarriageReturn) }
        let endsWithCRLF = index > position && bytes[index - 1] == ASCII.cr
        return Line(
            content: position..<(endsWithCRLF ? index - 1 : index), next: index + 1, isBareLineFeed: !endsWithCRLF,
            hasBareCarriageReturn: hasCarriageReturn)
    }

    /// The name and the position of the colon, if the line is a field.
    static func fieldName(_ bytes: [UInt8], in line: Range<Int>) -> (name: Range<Int>, colon: Int)? {
        var index = line.lowerBound
        while index < line.upperBound, ASCII.isFieldNameText(bytes[index]) { index += 1 }
        let end = index
        guard end > line.lowerBound else { return nil }
        while index < line.upperBound, ASCII.isBlank(bytes[index]) { index += 1 }
        guard index < line.upperBound, bytes[index] == ASCII.colon else { return nil }
        return (line.lowerBound..<end, index)
    }
}
