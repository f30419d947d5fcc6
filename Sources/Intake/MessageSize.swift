internal import SESModel

/// The limit on a message's size, and the answer to what is above it.
enum MessageSize {
    static func tooLarge(_ maximumBytes: Int) -> SESError {
        .badRequest("Message length is more than \(maximumBytes) bytes long.")
    }
}
