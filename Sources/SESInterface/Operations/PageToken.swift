internal import SESModel

/// The `NextToken` of list operations: where the next page begins, in a form that clients do not mistake for a name.
enum PageToken {
    private static let prefix = "a1"
    private static let defaultPageSize = 100

    /// - Parameter name: the last name of the page.
    static func make(after name: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array(self.prefix.utf8)
        for byte in name.utf8 {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Throws: ``SESError``, bad request.
    static func parse(_ token: String) throws(SESError) -> String {
        let bytes = Array(token.utf8)
        var name: [UInt8] = []
        guard token.hasPrefix(self.prefix), bytes.count % 2 == 0, bytes.count > self.prefix.utf8.count else { throw self.invalid }
        for index in stride(from: self.prefix.utf8.count, to: bytes.count, by: 2) {
            guard let high = self.value(bytes[index]), let low = self.value(bytes[index + 1]) else { throw self.invalid }
            name.append(high << 4 | low)
        }
        guard let text = String(validating: name, as: UTF8.self), name.count <= 512 else { throw self.invalid }
        return text
    }

    /// The page of a request, and one question more where the page is full: whether anything follows.
    ///
    /// - Parameters:
    ///   - fetch: gives up to so many elements after a name, in order.
    ///   - name: an element's name.
    /// - Returns: the elements, and the next page's token where there is one.
    static func page<Element>(
        _ input: StructureValue, name: (Element) -> String, fetch: (String?, Int) async throws -> [Element]
    ) async throws -> (elements: [Element], nextToken: String?) {
        let after = try input.string("NextToken").map { (token) throws(SESError) in try self.parse(token) }
        let size = input.integer("PageSize").flatMap { $0 > 0 ? Int($0) : nil } ?? self.defaultPageSize
        let elements = try await fetch(after, size)
        guard elements.count >= size, let last = elements.last else { return (elements, nil) }
        let isLast = try await fetch(name(last), 1).isEmpty
        return (elements, isLast ? nil : self.make(after: name(last)))
    }

    private static var invalid: SESError { .badRequest("The specified next token is not valid.") }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
