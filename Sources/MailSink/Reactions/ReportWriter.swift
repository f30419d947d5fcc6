import MailMessage
import SMTPProtocol

/// Writes a multipart/report (RFC 6522) of three parts: a text, fields for programs, and the header section of the message that it is about.
struct ReportWriter {
    private(set) var bytes: [UInt8] = []
    private let boundary: String

    /// - Parameters:
    ///   - id: makes the boundary.
    ///   - returned: must not hold the boundary.
    init(id: UInt64, returned: [UInt8]) {
        var id = id
        var boundary = Self.boundary(id)
        while Self.contains(returned, Array(boundary.utf8)) {
            id &+= 1
            boundary = Self.boundary(id)
        }
        self.boundary = boundary
    }

    /// A field. Control characters become spaces, so that no value adds a field; lines after LF are folded.
    mutating func field(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: ": ".utf8)
        for (index, line) in value.utf8.split(separator: 0x0A, omittingEmptySubsequences: true).enumerated() {
            if index > 0 { bytes.append(contentsOf: "\r\n ".utf8) }
            bytes.append(contentsOf: line.prefix(900).map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 })
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    /// The fields of the whole message.
    mutating func header(from: String, to: String, subject: String, date: Int64, id: UInt64, host: String, reportType: String, inReplyTo: [UInt8]?) {
        field("Date", InternetDate.rfc5322(unixMilliseconds: date))
        field("From", from)
        field("To", to)
        field("Message-ID", "<\(String(id, radix: 16))@\(host)>")
        if let inReplyTo { field("In-Reply-To", String(decoding: inReplyTo, as: UTF8.self)) }
        field("Subject", subject)
        field("MIME-Version", "1.0")
        field("Content-Type", "multipart/report; report-type=\(reportType);\n boundary=\"\(boundary)\"")
        bytes.append(contentsOf: "\r\n".utf8)
    }

    /// Begins a part; its content follows.
    mutating func part(_ type: String, isEightBit: Bool = false) {
        bytes.append(contentsOf: "--\(boundary)\r\n".utf8)
        field("Content-Type", type)
        if isEightBit { field("Content-Transfer-Encoding", "8bit") }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    /// Lines of text, each ended by LF or CRLF.
    mutating func text(_ text: String) {
        for byte in text.utf8 where byte != 0x0D {
            if byte == 0x0A { bytes.append(0x0D) }
            bytes.append(byte < 0x20 && byte != 0x0A && byte != 0x09 ? 0x20 : byte)
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    mutating func emptyLine() { bytes.append(contentsOf: "\r\n".utf8) }

    /// The part with the header section, and the end.
    mutating func finish(returning header: [UInt8]) -> [UInt8] {
        part("text/rfc822-headers", isEightBit: header.contains { $0 >= 0x80 })
        bytes.append(contentsOf: header)
        if let last = header.last, last != 0x0A { emptyLine() }
        bytes.append(contentsOf: "\r\n--\(boundary)--\r\n".utf8)
        return bytes
    }

    /// A reply as one value: every line with its code.
    static func text(of reply: SMTPReply) -> String {
        let lines = reply.lines
        return lines.enumerated().map { "\(reply.code)\($0.offset == lines.count - 1 ? " " : "-")\($0.element)" }.joined(separator: "\n")
    }

    /// The value of the first `Message-ID` of a header section.
    static func messageID(in header: [UInt8]) -> [UInt8]? {
        guard let block = try? HeaderBlock(header), let value = block.value("Message-ID"), value.count <= 300 else { return nil }
        return value
    }

    private static func boundary(_ id: UInt64) -> String {
        let digits = String(id, radix: 16)
        return "=_report_" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func contains(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
        guard let first = text.first, bytes.count >= text.count else { return false }
        var position = 0
        while let found = bytes[position...].firstIndex(of: first) {
            if bytes[found...].starts(with: text) { return true }
            position = found + 1
        }
        return false
    }
}
