/// SES's second layer: checks decoded values against the constraints of their shapes and names every one that fails.
package enum ConstraintValidator {
    /// The most failures that one answer names.
    private static let maximumFailures = 20

    /// - Throws: ``SESError`` of kind `badRequest`, `N validation error(s) detected: Value at '…' failed to satisfy constraint: …`.
    package static func validate(_ input: StructureValue) throws(SESError) {
        var failures: [String] = []
        var path = ValuePath()
        self.check(input, at: &path, failures: &failures)
        guard !failures.isEmpty else { return }
        let count = failures.count == 1 ? "1 validation error" : "\(failures.count) validation errors"
        throw .badRequest("\(count) detected: \(failures.joined(separator: "; "))")
    }

    private static func check(_ structure: StructureValue, at path: inout ValuePath, failures: inout [String]) {
        for (index, member) in structure.shape.members.enumerated() {
            path.push(member: member.name)
            if let value = structure[index: index] {
                self.check(value, member.shape, at: &path, failures: &failures)
            } else if member.isRequired {
                self.fail("Member must not be null", at: path, failures: &failures)
            }
            path.pop()
        }
    }

    private static func check(_ value: Value, _ shape: Shape, at path: inout ValuePath, failures: inout [String]) {
        switch (value, shape) {
        case (.string(let string), .string(let constraint)):
            for failure in self.failures(of: string, constraint) { self.fail(failure, at: path, failures: &failures) }
        case (.integer(let integer), .integer(let range?)):
            if integer < range.lowerBound {
                self.fail("Member must have value greater than or equal to \(range.lowerBound)", at: path, failures: &failures)
            } else if integer > range.upperBound {
                self.fail("Member must have value less than or equal to \(range.upperBound)", at: path, failures: &failures)
            }
        case (.list(let values), .list(let element, let maximum)):
            if let maximum, values.count > maximum {
                self.fail("Member must have length less than or equal to \(maximum)", at: path, failures: &failures)
                return
            }
            if case .string(let constraint) = element, !constraint.values.isEmpty {
                return self.checkEnumeration(values, constraint, at: path, failures: &failures)
            }
            for (index, value) in values.enumerated() where failures.count < self.maximumFailures {
                path.push(element: index)
                self.check(value, element, at: &path, failures: &failures)
                path.pop()
            }
        case (.structure(let structure), _): self.check(structure, at: &path, failures: &failures)
        case (.map(let entries), .map(let element)):
            for key in entries.keys.sorted() {
                guard let value = entries[key] else { continue }
                path.push(member: key)
                self.check(value, element, at: &path, failures: &failures)
                path.pop()
            }
        default: break
        }
    }

    /// A list of an enumeration fails as a whole, in its own words.
    private static func checkEnumeration(
        _ values: [Value], _ constraint: StringConstraint, at path: ValuePath, failures: inout [String]
    ) {
        let isValid = values.allSatisfy { if case .string(let string) = $0 { constraint.values.contains(string) } else { false } }
        guard !isValid else { return }
        self.fail("Member must satisfy constraint: [\(self.enumeration(constraint))]", at: path, failures: &failures)
    }

    private static func failures(of string: String, _ constraint: StringConstraint) -> [String] {
        var failures: [String] = []
        if !constraint.values.isEmpty, !constraint.values.contains(string) { failures.append(self.enumeration(constraint)) }
        if constraint.minimumLength > 0 || constraint.maximumLength != nil {
            let length = string.unicodeScalars.count
            if length < constraint.minimumLength {
                failures.append("Member must have length greater than or equal to \(constraint.minimumLength)")
            }
            if let maximum = constraint.maximumLength, length > maximum {
                failures.append("Member must have length less than or equal to \(maximum)")
            }
        }
        if let pattern = constraint.pattern, !string.utf8.allSatisfy({ $0 < 0x80 && pattern.allows($0) }) {
            failures.append("Member must satisfy regular expression pattern: \(pattern.text)")
        }
        return failures
    }

    private static func enumeration(_ constraint: StringConstraint) -> String {
        "Member must satisfy enum value set: [\(constraint.values.joined(separator: ", "))]"
    }

    private static func fail(_ text: String, at path: ValuePath, failures: inout [String]) {
        guard failures.count < self.maximumFailures else { return }
        failures.append("Value at '\(path.text)' failed to satisfy constraint: \(text)")
    }
}
