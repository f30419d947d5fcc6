/// One entity of a message: the message itself, a multipart, a leaf, or an enclosed message.
package struct MIMEPart: Sendable {
    /// Index of the entity around it; `nil` for the message itself.
    package let parent: Int?
    /// 0 for the message itself.
    package let depth: Int
    package let header: HeaderBlock
    package let contentType: ContentType
    /// Identity for multiparts and where the field is missing or unknown.
    package let encoding: TransferEncoding
    /// The body in transfer encoding, without the CRLF that belongs to the boundary.
    package internal(set) var body: Range<Int>
    /// Whether it was walked into, or has content itself.
    package internal(set) var isLeaf = true

    /// The file name from Content-Disposition, else from Content-Type.
    package var fileName: String? {
        header.value("Content-Disposition").flatMap { ContentDisposition(fieldValue: $0)?.parameters["filename"] } ?? contentType.parameters["name"]
    }

    /// `attachment`, `inline`…; `nil` without the field.
    package var disposition: String? {
        header.value("Content-Disposition").flatMap { ContentDisposition(fieldValue: $0)?.kind }
    }

    /// The body decoded.
    package func decodedBody() -> [UInt8] {
        var decoder = TransferDecoder(encoding)
        var output: [UInt8] = []
        output.reserveCapacity(body.count)
        decoder.decode(header.bytes[body], into: &output)
        decoder.finish(into: &output)
        return output
    }

    /// Decodes only until at least `count` octets are there, or the body ends.
    package func decodedPrefix(_ count: Int) -> [UInt8] {
        var decoder = TransferDecoder(encoding)
        var output: [UInt8] = []
        var position = body.lowerBound
        while position < body.upperBound, output.count < count {
            let end = min(position + 512, body.upperBound)
            decoder.decode(header.bytes[position..<end], into: &output)
            position = end
        }
        if position == body.upperBound { decoder.finish(into: &output) }
        return output
    }
}
