import MailMessage

/// What a message's reader would load and could follow: the addresses in its HTML parts.
package enum MessageLinks {
    /// Octets of HTML that are looked at, of each part.
    private static let htmlOctets = 1 << 20
    /// HTML parts that are looked at.
    private static let maximumParts = 4

    /// - Parameter message: header and body. Empty for a message that cannot be read.
    package static func find(in message: [UInt8]) -> HTMLLinks {
        var limits = MessageLimits()
        // What a provider has accepted its reader shows, however long the lines are.
        limits.lineLength = 64 << 20
        guard let message = try? RawMessage(message, limits: limits), let structure = try? MIMEStructure(message, limits: limits) else {
            return HTMLLinks()
        }
        var found = HTMLLinks()
        for part in structure.leaves.lazy.filter({ $0.contentType.mediaType == "text/html" && $0.disposition != "attachment" }).prefix(maximumParts) {
            found.add(HTMLLinks(Array(part.decodedPrefix(htmlOctets).prefix(htmlOctets))))
        }
        return found
    }
}
