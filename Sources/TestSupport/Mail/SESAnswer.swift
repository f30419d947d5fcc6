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
