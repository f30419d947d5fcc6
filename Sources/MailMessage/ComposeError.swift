/// Why a message could not be composed. Names the field, never its content.
package struct ComposeError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// CR, LF, NUL or another octet that would end or corrupt the field.
        case forbiddenCharacter
        /// A field name that is no field name.
        case invalidFieldName
        /// A field that the composer writes itself.
        case reservedField
        /// A line cannot be brought under 998 octets.
        case lineTooLong
        /// A media type, charset or content id that is not well-formed.
        case invalidValue
        /// The boundary seed is empty, too long, or holds what a boundary may not.
        case invalidBoundarySeed
    }

    package let code: Code
    /// The field or member at fault, as the composer names it.
    package let field: String

    package init(_ code: Code, field: String) {
        self.code = code
        self.field = field
    }

    package var description: String {
        switch code {
        case .forbiddenCharacter: "\(field) contains a character that is not allowed"
        case .invalidFieldName: "Invalid header name"
        case .reservedField: "Header \(field) cannot be set"
        case .lineTooLong: "\(field) has a line longer than 998 octets"
        case .invalidValue: "\(field) is not valid"
        case .invalidBoundarySeed: "The boundary seed is not valid"
        }
    }
}
