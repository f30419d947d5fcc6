/// Where one header field stands in the octets of its ``HeaderBlock``.
package struct HeaderField: Hashable, Sendable {
    /// The name without the white space that the obsolete syntax allows before the colon.
    package let name: Range<Int>
    /// What follows the colon, folding included, without the line ending at its end.
    package internal(set) var value: Range<Int>
    /// The whole field with its last line ending.
    package internal(set) var field: Range<Int>
}
