/// Why an address was refused. Never holds the address itself.
package struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: Hashable, Sendable, CaseIterable {
        /// Not an address in a way that none of the other cases says better.
        case illegalAddress
        /// No `@`.
        case missingDomainSeparator
        /// Nothing after `@`.
        case missingDomain
        /// Nothing before `@`.
        case missingLocalPart
        /// A control, a space outside quotes, or an octet above 127 in the local part.
        case localPartContainsControlOrWhitespace
        /// A control or a space in the domain.
        case domainContainsControlOrWhitespace
        /// The local part has more than 64 octets (RFC 5321, section 4.5.3.1.1).
        case localPartTooLong
        /// The domain has more than 255 octets, or one of its labels more than 63.
        case domainTooLong
        /// Comments nested deeper than the parser follows.
        case nestingTooDeep
        /// More addresses than the caller's bound.
        case tooManyAddresses
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    /// The text that Amazon SES answers for this kind of refusal.
    package var sesText: String {
        switch code {
        case .missingDomainSeparator: "Missing final '@domain'"
        case .missingDomain: "Missing domain"
        case .missingLocalPart: "Missing local name"
        case .localPartContainsControlOrWhitespace: "Local address contains control or whitespace"
        case .domainContainsControlOrWhitespace: "Domain contains control or whitespace"
        case .illegalAddress, .localPartTooLong, .domainTooLong, .nestingTooDeep, .tooManyAddresses: "Illegal address"
        }
    }

    package var description: String { sesText }
}
