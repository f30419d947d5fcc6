/// A piece of a message while it is composed: its fields beyond the transfer encoding, and content or children.
indirect enum MIMENode {
    /// `header` holds finished lines, Content-Type first; `body` is in transfer encoding.
    case leaf(header: [UInt8], body: [UInt8])
    /// `parameters` follow the media type, e.g. `; type="text/html"`.
    case multipart(subtype: String, parameters: String, children: [MIMENode])

    /// Appends Content-* fields, the empty line and the content.
    ///
    /// - Parameters:
    ///   - seed: makes the boundaries of this message.
    ///   - counter: numbers them.
    func append(to output: inout [UInt8], seed: String, counter: inout Int) throws(ComposeError) {
        switch self {
        case .leaf(let header, let body):
            output.append(contentsOf: header)
            output.append(contentsOf: "\r\n".utf8)
            output.append(contentsOf: body)
            // A message ends with a line ending; inside a multipart the one before the boundary serves.
            if counter == 0, output.last != ASCII.lf { output.append(contentsOf: "\r\n".utf8) }
        case .multipart(let subtype, let parameters, let children):
            counter += 1
            let boundary = Self.boundary(seed: seed, number: counter)
            output.append(
                contentsOf: try HeaderText.field(
                    name: "Content-Type", value: Array("multipart/\(subtype)\(parameters); boundary=\"\(boundary)\"".utf8)))
            output.append(contentsOf: "\r\n".utf8)
            for child in children {
                output.append(contentsOf: "--\(boundary)\r\n".utf8)
                try child.append(to: &output, seed: seed, counter: &counter)
                output.append(contentsOf: "\r\n".utf8)
            }
            output.append(contentsOf: "--\(boundary)--\r\n".utf8)
        }
    }

    /// Starts with `=_`, which neither quoted-printable nor base64 can produce (RFC 2045, section 6.7); bodies with lines
    /// that begin like one are not sent as 7-bit.
    static func boundary(seed: String, number: Int) -> String { "=_\(number)_\(seed)" }
}
