internal import ApusSchema
internal import MailMessage
internal import SESModel

/// Message tags: the caller's, checked by SES's rules, and the automatic ones.
enum MessageTags {
    /// The most tags of one message.
    static let maximumCount = 50
    /// Automatic names begin so; callers may use only those of the Feedback-ID.
    static let reservedPrefix = "ses:"
    static let feedbackFields = ["ses:feedback-id-a", "ses:feedback-id-b"]

    /// - Throws: ``SESError``, bad request.
    static func check(_ tags: [Submission.Tag]) throws(SESError) {
        guard tags.count <= self.maximumCount else { throw .badRequest("The number of message tags cannot exceed \(self.maximumCount).") }
        for tag in tags {
            guard !tag.name.isEmpty else { throw .badRequest("The tag name must be specified.") }
            guard !tag.value.isEmpty else { throw .badRequest("The tag value must be specified.") }
            guard tag.name.utf8.count <= 256 else { throw .badRequest("Tag name cannot exceed 255 characters.") }
            guard tag.value.utf8.count <= 256 else { throw .badRequest("Tag value cannot exceed 255 characters.") }
            guard self.feedbackFields.contains(tag.name) || tag.name.utf8.allSatisfy(self.isNameByte) else {
                throw .badRequest("Invalid tag name <\(tag.name)>: only alphanumeric ASCII characters, '_',  '-' are allowed.")
            }
            let isPlain = tag.value.utf8.allSatisfy { self.isNameByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "@") }
            guard isPlain else {
                throw .badRequest(
                    "Invalid tag value <\(tag.value)>: only alphanumeric ASCII characters, '_',  '-' , '.', '@' are allowed.")
            }
        }
    }

    /// The tags of `X-SES-MESSAGE-TAGS: name=value, name=value`; there may be several such fields.
    ///
    /// - Throws: ``SESError``, bad request.
    static func parse(_ header: HeaderBlock) throws(SESError) -> [Submission.Tag] {
        var tags: [Submission.Tag] = []
        for field in header.all("X-SES-MESSAGE-TAGS") {
            for pair in header.unfoldedValue(of: field).split(whereSeparator: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") }) {
                let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map(Self.trimmed)
                if parts.allSatisfy(\.isEmpty) { continue }
                guard tags.count <= self.maximumCount else { break }
                tags.append(Submission.Tag(name: parts[0], value: parts.count > 1 ? parts[1] : ""))
            }
        }
        try self.check(tags)
        return tags
    }

    /// The tags that every message has.
    static func automatic(_ submission: Submission, configurationSet: String?, fromDomain: String) -> [Apus_V1_Tag] {
        var tags = [self.record("ses:operation", submission.operation)]
        if let configurationSet { tags.append(self.record("ses:configuration-set", configurationSet)) }
        tags.append(self.record("ses:source-ip", submission.sourceIP))
        tags.append(self.record("ses:from-domain", fromDomain))
        tags.append(self.record("ses:caller-identity", submission.callerIdentity))
        return tags
    }

    static func record(_ name: String, _ value: String) -> Apus_V1_Tag {
        var tag = Apus_V1_Tag()
        tag.name = name
        tag.value = value
        return tag
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> String {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
