/// A child that could not be started, or did not do what it should, with its last words.
package struct ChildFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
