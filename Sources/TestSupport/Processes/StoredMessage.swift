/// A message in the sink's store.
package struct StoredMessage: Sendable {
    /// The sink's name of it.
    package let name: String
    /// What the client called itself at EHLO.
    package let hello: String
    /// The recipients of its envelope.
    package let recipients: [String]
    /// The whole message as it came, without dot stuffing.
    package let content: [UInt8]

    /// The header's lines, continuation lines joined to theirs by their line end.
    package var fields: [String] {
        var fields: [String] = []
        for line in self.text.split(separator: "\r\n", omittingEmptySubsequences: false) {
            if line.isEmpty { break }
            if line.first == " " || line.first == "\t", !fields.isEmpty {
                fields[fields.count - 1] += "\r\n" + line
            } else {
                fields.append(String(line))
            }
        }
        return fields
    }

    /// The values of a header field, by its name in any case.
    package func values(_ name: String) -> [String] {
        self.fields.filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
    }

    /// The content as text.
    package var text: String { String(decoding: self.content, as: UTF8.self) }
    /// What the load generator and scenarios count by.
    package var loadID: String? { self.values("X-Load-Id").first }
}
