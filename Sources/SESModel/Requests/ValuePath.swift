/// Where a value stands in a request, as SES's validation errors write it: `destination.toAddresses.1.member`.
struct ValuePath {
    private enum Component {
        case member(String)
        case element(Int)
    }

    private var components: [Component] = []

    mutating func push(member: String) { self.components.append(.member(member)) }
    /// - Parameter element: counted from 0; written counted from 1.
    mutating func push(element: Int) { self.components.append(.element(element)) }
    mutating func pop() { self.components.removeLast() }

    /// Members with a lower-case first letter, elements as `N.member`.
    var text: String {
        var text = ""
        for component in self.components {
            if !text.isEmpty { text.append(".") }
            switch component {
            case .member(let name): text.append(contentsOf: name.prefix(1).lowercased() + name.dropFirst())
            case .element(let index): text.append(contentsOf: "\(index + 1).member")
            }
        }
        return text
    }
}
