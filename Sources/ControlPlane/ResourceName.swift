internal import MailMessage

/// The rules for names, with SES's answers to names that break them.
enum ResourceName {
    /// A name of 1 to 64 letters, digits, `_` and `-`.
    ///
    /// - Parameter what: what is named, as the message begins.
    static func check(_ name: String, what: String) throws(ControlPlaneError) {
        guard name.utf8.count <= 64 else { throw ControlPlaneError(.invalid, "\(what) name cannot exceed 64 characters.") }
        guard !name.isEmpty, name.utf8.allSatisfy({ Self.isWord($0) || $0 == UInt8(ascii: "-") }) else {
            throw ControlPlaneError(
                .invalid, "Invalid \(what.lowercased()) name <\(name)>: only alphanumeric ASCII characters, '_', and '-' are allowed."
            )
        }
    }

    /// An operator's name for an account: like others, with `.` as well.
    static func checkAccount(_ name: String) throws(ControlPlaneError) {
        let isValid = name.utf8.allSatisfy { Self.isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        guard isValid, (1...64).contains(name.utf8.count) else {
            throw ControlPlaneError(.invalid, "an account's name has 1 to 64 letters, digits, '.', '_' and '-'")
        }
    }

    /// The kind and the normal form of an identity's name.
    static func identity(_ name: String) throws(ControlPlaneError) -> (kind: EmailIdentity.Kind, name: String) {
        guard name.utf8.contains(UInt8(ascii: "@")) else {
            return (.domain, try Self.domain(name))
        }
        do throws(AddressError) {
            return (.emailAddress, try EmailAddress(name).addrSpec)
        } catch {
            throw ControlPlaneError(.invalid, "Invalid email address <\(name)>.", cause: error)
        }
    }

    /// A domain of at least two labels, the last of which is no number.
    static func domain(_ name: String) throws(ControlPlaneError) -> String {
        let failure = ControlPlaneError(.invalid, "Invalid domain name <\(name)>.")
        guard let domain = try? MailDomain.wireForm(Array(name.utf8)), domain.utf8.count <= 253 else { throw failure }
        let labels = domain.utf8.split(separator: UInt8(ascii: "."))
        guard labels.count >= 2, let last = labels.last, !last.allSatisfy({ (0x30...0x39).contains($0) }) else { throw failure }
        return domain
    }

    /// Tags of one resource.
    static func check(_ tags: [ResourceTag]) throws(ControlPlaneError) {
        guard tags.count <= ResourceTag.maximumPerResource else {
            throw ControlPlaneError(.limitExceeded, "A resource can have at most \(ResourceTag.maximumPerResource) tags.")
        }
        var keys: Set<String> = []
        for tag in tags {
            guard !tag.key.isEmpty else { throw ControlPlaneError(.invalid, "The tag name must be specified.") }
            guard tag.key.unicodeScalars.count <= 128, tag.value.unicodeScalars.count <= 256 else {
                throw ControlPlaneError(.invalid, "A tag's key can have at most 128 characters and its value at most 256.")
            }
            guard keys.insert(tag.key).inserted else { throw ControlPlaneError(.invalid, "A tag's key can be used once per resource.") }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
