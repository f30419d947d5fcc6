/// Which header fields a signature covers.
///
/// Every field present with a name of `signed` is covered, all of them when there are several. A name of `oversigned`
/// is listed once more than it is present, so that nobody can add another one without breaking the signature
/// (RFC 6376 §8.15): a second From or Subject shown to the reader is the classical replay.
package struct DKIMHeaderPolicy: Sendable, Hashable {
    /// Names in the order in which they are listed, as they are to be written.
    package let signed: [String]
    /// The names of `signed` that are listed once more; compared without case.
    package let oversigned: Set<String>
    /// Each name with its lower-case bytes, so that signing does not fold them for every message.
    let entries: [(name: [UInt8], lowercased: [UInt8], isOversigned: Bool)]

    /// - Parameters:
    ///   - signed: field names. From is added in front when it is missing, since every signature covers it.
    ///   - oversigned: those of them that must not be added later.
    package init(signed: [String], oversigned: Set<String>) {
        let hasFrom = signed.contains { ASCII.equalFolded($0.utf8, "From".utf8) }
        let names = hasFrom ? signed : ["From"] + signed
        self.signed = names
        self.oversigned = oversigned
        let folded = Set(oversigned.map { $0.utf8.map(ASCII.lowercased) })
        entries = names.map { name in
            let lowercased = name.utf8.map(ASCII.lowercased)
            return (Array(name.utf8), lowercased, folded.contains(lowercased))
        }
    }

    /// What deliverability practice wants: all that a reader sees or a mail program acts on.
    ///
    /// Oversigned is what must be there at most once and would mislead if added: originator, destination, subject,
    /// date, identity, the MIME fields that change how the body is read, and both fields of one-click unsubscription,
    /// which RFC 8058 §4 requires to be covered. Trace fields, Return-Path, Bcc and authentication results change on
    /// the way and are never covered.
    package static let deliverability = DKIMHeaderPolicy(
        signed: [
            "From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc", "MIME-Version", "Content-Type",
            "Content-Transfer-Encoding", "Content-ID", "Content-Description", "Content-Disposition", "In-Reply-To",
            "References", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Archive",
            "List-Owner", "List-Post", "List-Subscribe", "Feedback-ID", "Auto-Submitted", "Precedence",
            "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date", "Resent-Message-ID",
        ],
        oversigned: [
            "From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc", "MIME-Version", "Content-Type",
            "Content-Transfer-Encoding", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post",
        ])

    package static func == (left: Self, right: Self) -> Bool {
        left.signed == right.signed && left.oversigned == right.oversigned
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(signed)
        hasher.combine(oversigned)
    }
}
