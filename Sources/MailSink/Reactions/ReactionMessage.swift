import NIOCore

/// What reactions need of an accepted message.
struct ReactionMessage: Sendable {
    /// Empty for the null reverse path.
    var sender: String
    var hello: String
    var remote: String
    /// The provider's host name.
    var hostname: String
    /// Milliseconds since 1970.
    var arrivedAt: Int64
    var content: ByteBuffer

    /// Octets of a header section that a report returns.
    private static let headerOctets = 64 << 10

    /// With the header section only, as much of it as a report returns.
    var withHeaderOnly: ReactionMessage {
        var copy = self
        let view = content.readableBytesView.prefix(Self.headerOctets)
        var end = 0
        var line = view.startIndex
        // Up to the empty line; a line that is cut is left out.
        while let lineFeed = view[line...].firstIndex(of: 0x0A) {
            if lineFeed == line || (lineFeed == line + 1 && view[line] == 0x0D) { break }
            line = lineFeed + 1
            end = line - view.startIndex
        }
        copy.content = ByteBuffer(bytes: view.prefix(end))
        return copy
    }

    /// With the content in a buffer of its own: a slice would keep all that was read with it.
    var withOwnContent: ReactionMessage {
        var copy = self
        copy.content = ByteBuffer(bytes: content.readableBytesView)
        return copy
    }
}
