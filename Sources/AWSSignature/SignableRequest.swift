/// The parts of an HTTP request that a signature covers, as they stand on the wire; the body comes as its hash.
package struct SignableRequest: Sendable {
    /// `GET`, `POST`…
    package var method: String
    /// The path in the form sent, still percent-encoded, without the query.
    package var path: String
    /// What follows `?`, in the form sent; empty without one.
    package var query: String
    /// All header fields in order; HTTP/2's `:authority` is to be given as `host`.
    package var headers: [(name: String, value: String)]

    package init(method: String, path: String, query: String = "", headers: [(name: String, value: String)]) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// Splits a request target at the first `?`.
    package init(method: String, target: String, headers: [(name: String, value: String)]) {
        let bytes = target.utf8
        if let mark = bytes.firstIndex(of: 0x3F) {
            self.init(method: method, path: String(target[..<mark]), query: String(target[bytes.index(after: mark)...]), headers: headers)
        } else {
            self.init(method: method, path: target, headers: headers)
        }
    }

    /// The values of a header by lower-case name.
    func values(_ name: String) -> [String] { headers.filter { Octets.equalsIgnoringCase($0.name, name) }.map(\.value) }
}
