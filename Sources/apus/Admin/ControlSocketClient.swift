import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Sends ``AdminRequest``s to the server that holds a data folder.
struct ControlSocketClient {
    /// The longest line of an answer that is taken: an event with all its headers is far below.
    private static let maximumLineBytes = 16 << 20

    /// The control socket.
    let path: String

    /// Sends one request.
    ///
    /// - Parameter line: is given each line of the answer as it comes.
    /// - Throws: ``AdminAnswer/Failure`` as the server words it, or when the server cannot be reached.
    func send(_ request: AdminRequest, line: ([UInt8]) async throws -> Void) async throws {
        var url = URLComponents()
        url.scheme = "http+unix"
        url.percentEncodedHost = self.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        url.path = "/v1/request"
        guard let text = url.string else { throw AdminAnswer.Failure(error: "the path \(self.path) cannot name a control socket") }
        var message = HTTPClientRequest(url: text)
        message.method = .POST
        message.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(request)))
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(message, deadline: .distantFuture)
        } catch {
            throw AdminAnswer.Failure(
                error: "the server that holds the data folder does not answer on \(self.path): is it starting or stopping? Try again in a moment")
        }
        var waiting = ByteBuffer()
        for try await var part in response.body {
            waiting.writeBuffer(&part)
            while let end = waiting.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let length = end - waiting.readerIndex
                let bytes = waiting.readBytes(length: length) ?? []
                waiting.moveReaderIndex(forwardBy: 1)
                try await Self.deliver(bytes, to: line)
            }
            waiting.discardReadBytes()
            guard waiting.readableBytes <= Self.maximumLineBytes else { throw AdminAnswer.Failure(error: "the server's answer makes no sense") }
        }
        if waiting.readableBytes > 0 { try await Self.deliver(Array(waiting.readableBytesView), to: line) }
    }

    private static func deliver(_ bytes: [UInt8], to line: ([UInt8]) async throws -> Void) async throws {
        if bytes.starts(with: Array("{\"error\":".utf8)), let failure = try? JSONDecoder().decode(AdminAnswer.Failure.self, from: Data(bytes)) {
            throw failure
        }
        try await line(bytes)
    }
}
