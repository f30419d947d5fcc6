import Foundation

/// Bodies of SendEmail.
package enum SendEmailBody {
    /// Raw content.
    ///
    /// - Parameter to: the Destination's ToAddresses; nil leaves Destination out.
    package static func raw(_ message: String, from: String? = nil, to: [String]? = nil, tags: [(String, String)] = []) -> [UInt8] {
        var object: [String: Any] = ["Content": ["Raw": ["Data": Data(message.utf8).base64EncodedString()]]]
        if let from { object["FromEmailAddress"] = from }
        if let to { object["Destination"] = ["ToAddresses": to] }
        if !tags.isEmpty { object["EmailTags"] = tags.map { ["Name": $0.0, "Value": $0.1] } }
        return Self.bytes(object)
    }

    /// Simple content with a text body.
    package static func simple(
        from: String, to: [String], cc: [String] = [], bcc: [String] = [], subject: String = "A subject", text: String = "A text.\n",
        html: String? = nil,
        headers: [(String, String)] = [], configurationSet: String? = nil
    ) -> [UInt8] {
        var body: [String: Any] = ["Text": ["Data": text]]
        if let html { body["Html"] = ["Data": html] }
        var simple: [String: Any] = ["Subject": ["Data": subject], "Body": body]
        if !headers.isEmpty { simple["Headers"] = headers.map { ["Name": $0.0, "Value": $0.1] } }
        var destination: [String: Any] = ["ToAddresses": to]
        if !cc.isEmpty { destination["CcAddresses"] = cc }
        if !bcc.isEmpty { destination["BccAddresses"] = bcc }
        var object: [String: Any] = ["FromEmailAddress": from, "Destination": destination, "Content": ["Simple": simple]]
        if let configurationSet { object["ConfigurationSetName"] = configurationSet }
        return Self.bytes(object)
    }

    /// What stands before the load id in the body of ``message(loadID:from:to:size:)``.
    package static let marker = "This is the body of "

    /// A message of about `size` bytes that counts by `loadID`.
    package static func message(loadID: String, from: String, to: String, size: Int = 1_000) -> String {
        let line = String(repeating: "0123456789 abcdefghijklmnopqrstuvwxyz ", count: 2) + "\r\n"
        return "From: Load <\(from)>\r\nTo: \(to)\r\nSubject: Load \(loadID)\r\nX-Load-Id: \(loadID)\r\n"
            + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
            + "\(Self.marker)\(loadID).\r\n" + String(repeating: line, count: max(size / line.utf8.count, 1))
    }

    private static func bytes(_ object: [String: Any]) -> [UInt8] {
        // Only texts, arrays and dictionaries go in: this cannot fail.
        (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])).map(Array.init) ?? []
    }
}
