/// What a string member must satisfy beyond being a string.
package struct StringConstraint: Hashable, Sendable {
    /// A pattern of the one kind that the service model needs for these members: so many characters of one class.
    package struct Pattern: Hashable, Sendable {
        /// The pattern as the service model writes it; it is quoted in the error's text.
        package var text: String
        /// Whether each byte of 0…127 is allowed; bytes above never are.
        package var allows: @Sendable (UInt8) -> Bool

        package init(_ text: String, allows: @escaping @Sendable (UInt8) -> Bool) {
            self.text = text
            self.allows = allows
        }

        package static func == (lhs: Self, rhs: Self) -> Bool { lhs.text == rhs.text }
        package func hash(into hasher: inout Hasher) { hasher.combine(self.text) }
    }

    /// The fewest characters (Unicode scalars).
    package var minimumLength: Int
    /// The most characters (Unicode scalars); nil for no bound but the request's.
    package var maximumLength: Int?
    package var pattern: Pattern?
    /// The allowed values, in the order in which errors name them; empty for any.
    package var values: [String]

    package init(minimumLength: Int = 0, maximumLength: Int? = nil, pattern: Pattern? = nil, values: [String] = []) {
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.pattern = pattern
        self.values = values
    }

    /// Any string.
    package static let any = StringConstraint()
}
