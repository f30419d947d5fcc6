import Foundation

/// An answer of the API.
package struct SESAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Reads an answer as it stands on the wire (RFC 9112).
    ///
    /// - Returns: nil unless `bytes` begin with a whole answer that says its length.
    package init?(wire bytes: [UInt8]) {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1."), let code = first.split(separator: " ").dropFirst().first,
            let status = Int(code)
        else { return nil }
        let headers = lines.dropFirst().map { line -> (name: String, value: String) in
            let name = line.prefix { $0 != ":" }
            return (name: String(name), value: String(line.dropFirst(name.count + 1).drop { $0 == " " }))
        }
        let body = bytes[(end + mark.count)...]
        guard let length = headers.first(where: { $0.name.lowercased() == "content-length" }).flatMap({ Int($0.value) }), length >= 0,
            body.count >= length
        else { return nil }
        self.init(status: status, headers: headers, body: Array(body.prefix(length)))
    }

    /// A header's value, by its name in any case.
    package func header(_ name: String) -> String? {
        self.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The error's type as SDKs read it: the header, cut at the first colon.
    package var errorType: String? { self.header("x-amzn-ErrorType").map { String($0.prefix { $0 != ":" }) } }
    /// The error's text.
    package var message: String? { self.member("message") }
    /// Of SendEmail.
    package var messageID: String? { self.member("MessageId") }

    /// A text member of the body.
    package func member(_ name: String) -> String? {
        (try? JSONSerialization.jsonObject(with: Data(self.body)) as? [String: Any])?[name] as? String
    }

    /// For failure reports.
    package var summary: String { "\(self.status) \(self.errorType ?? "-"): \(String(decoding: self.body.prefix(300), as: UTF8.self))" }
}
