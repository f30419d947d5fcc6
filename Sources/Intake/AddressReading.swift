internal import MailMessage
internal import SESModel

/// Reads addresses that callers give, with SES's answers to those that are none.
enum AddressReading {
    /// One address with or without a display name.
    ///
    /// - Throws: ``SESError``, bad request.
    static func mailbox(_ text: String) throws(SESError) -> Mailbox {
        guard !text.isEmpty else { throw .badRequest("Invalid email address .") }
        // A header may be folded, an address in a request may not: a line break there is an attempt to add a line somewhere.
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .badRequest("Illegal address") }
        do throws(AddressError) {
            return try Mailbox(text)
        } catch {
            throw .badRequest(error.sesText)
        }
    }

    static func mailboxes(_ texts: [String]) throws(SESError) -> [Mailbox] {
        var mailboxes: [Mailbox] = []
        mailboxes.reserveCapacity(texts.count)
        for text in texts { mailboxes.append(try self.mailbox(text)) }
        return mailboxes
    }

    /// All mailboxes of all fields of a name.
    ///
    /// - Throws: ``SESError``, bad request.
    static func mailboxes(of name: String, in header: HeaderBlock) throws(SESError) -> [Mailbox] {
        var mailboxes: [Mailbox] = []
        for field in header.all(name) {
            do throws(AddressError) {
                mailboxes += try AddressList(bytes: header.unfoldedValue(of: field)).mailboxes
            } catch {
                throw .badRequest(error.sesText)
            }
        }
        return mailboxes
    }

    /// `Name <a@b>`, or the address alone: as people and events read it.
    static func displayForm(_ mailbox: Mailbox) -> String {
        guard let name = mailbox.displayName, !name.isEmpty else { return mailbox.address.addrSpec }
        return "\(name) <\(mailbox.address.addrSpec)>"
    }
}
