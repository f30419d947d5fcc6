/// A structure's members. A class, because many values point at one declaration.
package final class StructureShape: Sendable {
    /// The service model's name, for operators' and developers' eyes.
    package let name: String
    /// In the service model's order, which is the order of responses.
    package let members: [Member]

    /// - Parameters:
    ///   - name: the service model's name.
    ///   - members: with distinct names.
    package init(_ name: String, _ members: [Member] = []) {
        precondition(Set(members.map(\.name)).count == members.count, "members of \(name) have distinct names")
        self.name = name
        self.members = members
    }

    /// The position of a member, or nil when there is none of this name.
    package func index(of name: String) -> Int? {
        self.members.firstIndex { $0.name == name }
    }
}

extension StructureShape: Equatable {
    package static func == (lhs: StructureShape, rhs: StructureShape) -> Bool { lhs === rhs }
}
