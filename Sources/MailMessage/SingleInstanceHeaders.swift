/// The fields that SES accepts once only; a second one answers `Duplicate header 'X'.`.
package enum SingleInstanceHeaders {
    /// The name, as written, of the first field that repeats one of them.
    package static func firstDuplicate(in header: HeaderBlock) -> String? {
        var seen: Set<String> = []
        for field in header.fields {
            let name = ASCII.lowercased(header.bytes[field.name])
            guard names.contains(name) || prefixes.contains(where: { name.hasPrefix($0) }) else { continue }
            if !seen.insert(name).inserted { return header.name(of: field) }
        }
        return nil
    }

    private static let prefixes = ["content-", "disposition-notification-", "original-"]

    private static let names: Set<String> = [
        "accept-language", "archived-at", "auto-submitted", "bounces-to", "comments", "date", "delivered-to", "dkim-signature",
        "domainkey-signature", "errors-to", "from", "importance", "in-reply-to", "keywords", "list-archive", "list-help", "list-id", "list-owner",
        "list-post", "list-subscribe", "list-unsubscribe", "message-context", "message-id", "mime-version", "organization", "precedence",
        "priority", "references", "reply-to", "return-path", "return-receipt-to", "sender", "sensitivity", "solicitation", "subject",
        "thread-index", "thread-topic", "user-agent", "vbr-info",
    ]
}
