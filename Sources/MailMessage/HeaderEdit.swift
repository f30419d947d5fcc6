/// One change to the header section of a ``RawMessage``. Names match without regard to case.
package enum HeaderEdit: Hashable, Sendable {
    /// Removes every field of that name.
    case remove(String)
    /// Removes every field whose name starts so (`X-SES-`).
    case removePrefixed(String)
    /// Puts a field on top; several come out in the order given.
    case prepend(name: String, value: [UInt8])
    /// Takes the place of the first field of that name and removes the others; at the end where there was none.
    case replace(name: String, value: [UInt8])
    /// Puts a field behind the last one.
    case append(name: String, value: [UInt8])
}
