/// What a server offers in its reply to `EHLO` (RFC 5321 section 4.1.1.1).
///
/// ```
/// C: EHLO mail.example.com
/// S: 250-mx.example.net greets mail.example.com
/// S: 250-SIZE 52428800
/// S: 250-PIPELINING
/// S: 250 STARTTLS
/// ```
package struct EHLOCapabilities: Sendable, Hashable {
    /// Extensions without a value that matters here.
    package struct Extensions: OptionSet, Sendable, Hashable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// RFC 2920.
        package static let pipelining = Extensions(rawValue: 1 << 0)
        /// RFC 6152.
        package static let eightBitMIME = Extensions(rawValue: 1 << 1)
        /// RFC 6531.
        package static let smtpUTF8 = Extensions(rawValue: 1 << 2)
        /// RFC 3207.
        package static let startTLS = Extensions(rawValue: 1 << 3)
        /// RFC 3030.
        package static let chunking = Extensions(rawValue: 1 << 4)
        /// RFC 3030.
        package static let binaryMIME = Extensions(rawValue: 1 << 5)
        /// RFC 3461.
        package static let dsn = Extensions(rawValue: 1 << 6)
        /// RFC 2034.
        package static let enhancedStatusCodes = Extensions(rawValue: 1 << 7)
        /// RFC 1870.
        package static let size = Extensions(rawValue: 1 << 8)
        /// RFC 4954.
        package static let auth = Extensions(rawValue: 1 << 9)
        /// RFC 8689.
        package static let requireTLS = Extensions(rawValue: 1 << 10)
    }

    package var extensions: Extensions = []
    /// The largest message in octets; nil when the server states no limit (RFC 1870: no value, or 0).
    package var maximumMessageOctets: Int?
    /// SASL mechanisms, in upper case, as offered.
    package var authMechanisms: [String] = []

    /// Nothing: what a server that only knows `HELO` offers.
    package init() {}

    /// Reads a positive reply to `EHLO`. Its first line is the server's greeting; unknown keywords are skipped.
    package init(reply: SMTPReply) {
        for line in reply.lines.dropFirst() {
            let bytes = line.utf8
            let keywordEnd = bytes.firstIndex { $0 == ASCII.space || $0 == ASCII.tab || $0 == ASCII.equals } ?? bytes.endIndex
            add(keyword: bytes[..<keywordEnd], value: keywordEnd == bytes.endIndex ? bytes[keywordEnd...] : bytes[bytes.index(after: keywordEnd)...])
        }
    }

    package func contains(_ wanted: Extensions) -> Bool { extensions.contains(wanted) }

    private mutating func add(keyword: Substring.UTF8View, value: Substring.UTF8View) {
        if ASCII.equalsIgnoringCase(keyword, "PIPELINING") {
            extensions.insert(.pipelining)
        } else if ASCII.equalsIgnoringCase(keyword, "8BITMIME") {
            extensions.insert(.eightBitMIME)
        } else if ASCII.equalsIgnoringCase(keyword, "SMTPUTF8") {
            extensions.insert(.smtpUTF8)
        } else if ASCII.equalsIgnoringCase(keyword, "STARTTLS") {
            extensions.insert(.startTLS)
        } else if ASCII.equalsIgnoringCase(keyword, "CHUNKING") {
            extensions.insert(.chunking)
        } else if ASCII.equalsIgnoringCase(keyword, "BINARYMIME") {
            extensions.insert(.binaryMIME)
        } else if ASCII.equalsIgnoringCase(keyword, "DSN") {
            extensions.insert(.dsn)
        } else if ASCII.equalsIgnoringCase(keyword, "ENHANCEDSTATUSCODES") {
            extensions.insert(.enhancedStatusCodes)
        } else if ASCII.equalsIgnoringCase(keyword, "REQUIRETLS") {
            extensions.insert(.requireTLS)
        } else if ASCII.equalsIgnoringCase(keyword, "SIZE") {
            extensions.insert(.size)
            if let limit = ASCII.decimal(value.filter { $0 != ASCII.space }), limit > 0 { maximumMessageOctets = limit }
        } else if ASCII.equalsIgnoringCase(keyword, "AUTH") {
            extensions.insert(.auth)
            for word in value.split(whereSeparator: { $0 == ASCII.space || $0 == ASCII.equals }) where authMechanisms.count < 32 {
                let mechanism = String(decoding: word.map(ASCII.upper), as: UTF8.self)
                if !authMechanisms.contains(mechanism) { authMechanisms.append(mechanism) }
            }
        }
    }
}
