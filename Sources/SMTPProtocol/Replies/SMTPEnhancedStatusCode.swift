/// An enhanced mail system status code, `class.subject.detail` (RFC 3463), as a server puts it at the start of a reply's text (RFC 2034).
package struct SMTPEnhancedStatusCode: Sendable, Hashable, CustomStringConvertible {
    /// 2 success, 4 transient failure, 5 permanent failure.
    package let statusClass: UInt8
    /// What the status is about: 1 addressing, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 security or policy. 0…999.
    package let subject: UInt16
    /// 0…999.
    package let detail: UInt16

    package init(_ statusClass: UInt8, _ subject: UInt16, _ detail: UInt16) {
        self.statusClass = statusClass
        self.subject = subject
        self.detail = detail
    }

    /// Reads a code at the start of a reply line's text. The code must be followed by white space or the end of the text.
    ///
    /// - Parameters:
    ///   - text: the text after the reply code and its separator, for example `5.1.1 no such user`.
    ///   - replyClass: the first digit of the reply code. RFC 2034 demands that both agree; a code that does not is taken for text.
    package init?(startOf text: some Collection<UInt8>, replyClass: UInt8) {
        var iterator = text.makeIterator()
        guard let first = iterator.next(), first == ASCII.zero + replyClass, replyClass == 2 || replyClass == 4 || replyClass == 5,
            iterator.next() == ASCII.dot
        else { return nil }
        var numbers: (UInt16, UInt16) = (0, 0)
        var digits = 0
        while true {
            guard let byte = iterator.next() else { return nil }
            if byte == ASCII.dot, digits > 0 { break }
            guard ASCII.isDigit(byte), digits < 3 else { return nil }
            numbers.0 = numbers.0 * 10 + UInt16(byte - ASCII.zero)
            digits += 1
        }
        digits = 0
        while let byte = iterator.next() {
            if byte == ASCII.space || byte == ASCII.tab || byte == ASCII.lf { break }
            guard ASCII.isDigit(byte), digits < 3 else { return nil }
            numbers.1 = numbers.1 * 10 + UInt16(byte - ASCII.zero)
            digits += 1
        }
        guard digits > 0 else { return nil }
        self.init(replyClass, numbers.0, numbers.1)
    }

    package var description: String { "\(statusClass).\(subject).\(detail)" }
}
