extension RawMessage {
    /// The finished octets with the edits applied in one pass; the fields not named, and the body, are kept to the octet.
    ///
    /// - Throws: `ComposeError` for a name or value that is none, CR and LF in a value among them.
    package func applying(_ edits: [HeaderEdit]) throws(ComposeError) -> [UInt8] {
        var top: [UInt8] = []
        var bottom: [UInt8] = []
        /// Per field: `nil` keeps it, empty removes it, anything else stands in its place.
        var replacements: [Int: [UInt8]] = [:]
        for edit in edits {
            switch edit {
            case .remove(let name):
                for index in indices(of: name) { replacements[index] = [] }
            case .removePrefixed(let prefix):
                for (index, field) in header.fields.enumerated()
                where ASCII.equalsIgnoringCase(bytes[field.name].prefix(prefix.utf8.count), prefix.utf8) {
                    replacements[index] = []
                }
            case .prepend(let name, let value): top += try HeaderText.field(name: name, value: value)
            case .append(let name, let value): bottom += try HeaderText.field(name: name, value: value)
            case .replace(let name, let value):
                let line = try HeaderText.field(name: name, value: value)
                let places = indices(of: name)
                for index in places { replacements[index] = [] }
                if let first = places.first { replacements[first] = line } else { bottom += line }
            }
        }
        var output = top
        output.reserveCapacity(bytes.count + top.count + bottom.count + 256)
        for (index, field) in header.fields.enumerated() {
            output.append(contentsOf: replacements[index]?[...] ?? bytes[field.field])
        }
        output.append(contentsOf: bottom)
        output.append(ASCII.cr)
        output.append(ASCII.lf)
        output.append(contentsOf: body)
        return output
    }

    private func indices(of name: String) -> [Int] {
        header.fields.indices.filter { ASCII.equalsIgnoringCase(bytes[header.fields[$0].name], name.utf8) }
    }
}
