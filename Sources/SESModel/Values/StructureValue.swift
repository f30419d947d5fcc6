/// A structure's values, by the names that its shape declares. Asking for a name that is not declared is a mistake of this program and
/// stops it; what a request leaves out is nil.
package struct StructureValue: Hashable, Sendable {
    package let shape: StructureShape
    private var values: [Value?]

    /// An empty value of a shape.
    package init(_ shape: StructureShape) {
        self.shape = shape
        self.values = Array(repeating: nil, count: shape.members.count)
    }

    /// The value of the member at a position of the shape.
    subscript(index index: Int) -> Value? {
        get { self.values[index] }
        set { self.values[index] = newValue }
    }

    /// The value of a declared member; nil when it is absent.
    package subscript(name: String) -> Value? {
        get { self.values[self.position(name)] }
        set { self.values[self.position(name)] = newValue }
    }

    private func position(_ name: String) -> Int {
        guard let index = self.shape.index(of: name) else { preconditionFailure("\(self.shape.name) declares no member \(name)") }
        return index
    }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.shape == rhs.shape && lhs.values == rhs.values
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.values) }
}

extension StructureValue {
    /// The string of a member; nil when it is absent.
    package func string(_ name: String) -> String? {
        guard case .string(let value)? = self[name] else { return nil }
        return value
    }

    package func integer(_ name: String) -> Int64? {
        guard case .integer(let value)? = self[name] else { return nil }
        return value
    }

    package func boolean(_ name: String) -> Bool? {
        guard case .boolean(let value)? = self[name] else { return nil }
        return value
    }

    package func blob(_ name: String) -> [UInt8]? {
        guard case .blob(let value)? = self[name] else { return nil }
        return value
    }

    package func structure(_ name: String) -> StructureValue? {
        guard case .structure(let value)? = self[name] else { return nil }
        return value
    }

    /// The strings of a list; nil when it is absent.
    package func strings(_ name: String) -> [String]? {
        guard case .list(let values)? = self[name] else { return nil }
        return values.compactMap { if case .string(let string) = $0 { string } else { nil } }
    }

    /// The structures of a list; nil when it is absent.
    package func structures(_ name: String) -> [StructureValue]? {
        guard case .list(let values)? = self[name] else { return nil }
        return values.compactMap { if case .structure(let structure) = $0 { structure } else { nil } }
    }
}
