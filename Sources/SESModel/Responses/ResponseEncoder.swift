/// Writes an operation's answer, or an error, as API v2 does.
package enum ResponseEncoder {
    /// The body of a success: the members that are set, in the order of the shape; `{}` when there are none.
    package static func encode(_ value: StructureValue) -> [UInt8] {
        var writer = JSONWriter()
        self.write(value, into: &writer)
        return writer.bytes
    }

    /// The body of an error. SDKs take the kind from the `x-amzn-ErrorType` header.
    package static func encode(_ error: SESError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("message")
        if let message = error.message { writer.string(message) } else { writer.null() }
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ structure: StructureValue, into writer: inout JSONWriter) {
        writer.beginObject()
        for (index, member) in structure.shape.members.enumerated() {
            guard let value = structure[index: index] else { continue }
            writer.key(member.name)
            self.write(value, into: &writer)
        }
        writer.endObject()
    }

    private static func write(_ value: Value, into writer: inout JSONWriter) {
        switch value {
        case .string(let string): writer.string(string)
        case .integer(let integer): writer.integer(integer)
        case .double(let double): writer.double(double)
        case .boolean(let boolean): writer.boolean(boolean)
        case .timestamp(let milliseconds): writer.epochSeconds(milliseconds: milliseconds)
        case .blob(let bytes): writer.string(Base64Text.encode(bytes))
        case .structure(let structure): self.write(structure, into: &writer)
        case .list(let values):
            writer.beginList()
            for value in values { self.write(value, into: &writer) }
            writer.endList()
        case .map(let entries):
            writer.beginObject()
            for key in entries.keys.sorted() {
                guard let value = entries[key] else { continue }
                writer.key(key)
                self.write(value, into: &writer)
            }
            writer.endObject()
        }
    }
}
