internal import AWSSignature
internal import Hummingbird
internal import HTTPTypes
internal import NIOCore
internal import SESModel

/// Reads a request's body, hashing it on the way.
enum BodyReader {
    /// The declared length of the body, checked.
    ///
    /// - Throws: ``SESError``: a body without a length, or above the operation's bound.
    static func contentLength(of request: HTTPRequest, maximum: Int) throws(SESError) -> Int {
        let isChunked = request.headerFields[.transferEncoding] != nil
        guard !isChunked, let text = request.headerFields[.contentLength] else {
            // Reads and deletions have no body, and clients declare none for them.
            if !isChunked, request.method == .get || request.method == .delete || request.method == .head { return 0 }
            throw SESError(.missingContentLength, "The request must declare its Content-Length; chunked bodies are not accepted.")
        }
        guard let length = Int(text), length >= 0 else { throw .badRequest("The Content-Length of the request is not valid.") }
        guard length <= maximum else {
            throw SESError(.requestEntityTooLarge, "The request body is larger than \(maximum) bytes.")
        }
        return length
    }

    /// - Parameters:
    ///   - body: the stream of the body's parts.
    ///   - length: the declared length.
    ///   - take: asks for room for bytes that have come. A declared length costs nothing: it may never come.
    /// - Returns: the bytes and their SHA-256.
    /// - Throws: ``SESError`` when other than so many bytes came or there is no room for them, and what the connection throws.
    static func read(_ body: RequestBody, length: Int, taking take: (Int) -> Bool) async throws -> (bytes: [UInt8], hash: [UInt8]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        var hash = PayloadHash()
        for try await part in body {
            guard part.readableBytes <= length - bytes.count else { throw Self.wrongLength }
            guard take(part.readableBytes) else {
                throw SESError(.serviceUnavailable, "Too many bytes of requests are being received. Try again.")
            }
            part.withUnsafeReadableBytes { hash.update($0) }
            bytes.append(contentsOf: part.readableBytesView)
        }
        guard bytes.count == length else { throw Self.wrongLength }
        return (bytes, hash.finalize())
    }

    private static var wrongLength: SESError {
        .badRequest("The request body is not of the length that Content-Length says.")
    }
}
