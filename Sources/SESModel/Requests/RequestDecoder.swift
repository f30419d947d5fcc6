/// Turns an HTTP request into an operation's input, in SES's two layers: wrong types are a `SerializationException`, broken constraints a
/// `BadRequestException` that names every one of them.
package enum RequestDecoder {
    /// - Parameters:
    ///   - match: the operation and its labels, still encoded.
    ///   - query: the raw query without its question mark.
    ///   - body: the whole body; empty counts as `{}`.
    /// - Throws: ``SESError``.
    package static func decode(
        _ match: RouteMatch, query: Substring, body: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(SESError) -> StructureValue {
        let shape = match.operation.input
        var input = StructureValue(shape)
        if !body.isEmpty { try self.decode(body, into: &input, limits: limits) }
        for (name, encoded) in match.labels {
            guard let value = PercentEncoding.decode(encoded) else { throw .badRequest("The request path is not valid") }
            input[name] = .string(value)
        }
        try self.decodeQuery(query, into: &input)
        try ConstraintValidator.validate(input)
        return input
    }

    // MARK: Body

    private static func decode(_ body: [UInt8], into input: inout StructureValue, limits: JSONLimits) throws(SESError) {
        var reader = JSONReader(body, limits: limits)
        switch try reader.peek() {
        case .object: input = try self.structure(input.shape, at: .body, from: &reader)
        case .null: try reader.readLiteral("null")
        case .list: throw .serialization("Start of list found where not expected")
        case .string, .number, .true, .false: throw .serialization("Expected null")
        }
        try reader.expectEnd()
    }

    private static func structure(
        _ shape: StructureShape, at location: Member.Location?, from reader: inout JSONReader
    ) throws(SESError) -> StructureValue {
        var structure = StructureValue(shape)
        try reader.readObject { (key, reader) throws(SESError) in
            guard let index = shape.index(of: key), location == nil || shape.members[index].location == location else {
                return try reader.skipValue()
            }
            // The last of equal names wins; null is the same as nothing.
            guard try reader.peek() != .null else {
                structure[index: index] = nil
                return try reader.readLiteral("null")
            }
            if case .refused(let reason) = shape.members[index].support { throw .badRequest(reason) }
            structure[index: index] = try self.value(shape.members[index].shape, from: &reader)
        }
        return structure
    }

    private static func value(_ shape: Shape, from reader: inout JSONReader) throws(SESError) -> Value {
        let token = try reader.peek()
        switch (shape, token) {
        case (.string, .string): return .string(try reader.readString())
        case (.blob(let maximum), .string): return .blob(try reader.readBase64(maximumBytes: maximum))
        case (.boolean, .true):
            try reader.readLiteral("true")
            return .boolean(true)
        case (.boolean, .false):
            try reader.readLiteral("false")
            return .boolean(false)
        case (.integer, .number):
            guard case .integer(let integer) = try reader.readNumber() else {
                throw .serialization("NUMBER_VALUE can not be converted to an Integer")
            }
            return .integer(integer)
        case (.double, .number):
            switch try reader.readNumber() {
            case .integer(let integer): return .double(Double(integer))
            case .double(let double): return .double(double)
            }
        case (.timestamp, .number):
            switch try reader.readNumber() {
            case .integer(let seconds):
                let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
                guard !overflow else { throw .serialization("A timestamp of the request body is out of range") }
                return .timestamp(milliseconds: milliseconds)
            case .double(let seconds):
                guard abs(seconds) < 9e15 else { throw .serialization("A timestamp of the request body is out of range") }
                return .timestamp(milliseconds: Int64(seconds * 1000))
            }
        case (.list(let element, _), .list):
            var values: [Value] = []
            try reader.readList { (reader) throws(SESError) in
                // AWS drops nulls inside lists.
                if try reader.peek() == .null { return try reader.readLiteral("null") }
                values.append(try self.value(element, from: &reader))
            }
            return .list(values)
        case (.structure(let shape), .object): return .structure(try self.structure(shape, at: nil, from: &reader))
        case (.map(let element), .object):
            var entries: [String: Value] = [:]
            try reader.readObject { (key, reader) throws(SESError) in
                if try reader.peek() == .null { return try reader.readLiteral("null") }
                entries[key] = try self.value(element, from: &reader)
            }
            return .map(entries)
        default: throw self.mismatch(shape, token)
        }
    }

    /// SES's texts for a value of the wrong type.
    private static func mismatch(_ shape: Shape, _ token: JSONReader.Token) -> SESError {
        switch (shape, token) {
        case (_, .list): return .serialization("Start of list found where not expected")
        case (.list, _): return .serialization("Expected list or null")
        case (_, .object): return .serialization("Start of structure or map found where not expected.")
        case (.structure, _), (.map, _): return .serialization("Expected null")
        default: break
        }
        let found =
            switch token {
            case .number: "NUMBER_VALUE"
            case .true: "TRUE_VALUE"
            case .false: "FALSE_VALUE"
            default: "STRING_VALUE"
            }
        let wanted =
            switch shape {
            case .string: "a String"
            case .integer: "an Integer"
            case .double: "a Double"
            case .boolean: "a Boolean"
            case .timestamp: "a Timestamp"
            default: "a Blob"
            }
        return .serialization("\(found) can not be converted to \(wanted)")
    }

    // MARK: Query

    private static func decodeQuery(_ query: Substring, into input: inout StructureValue) throws(SESError) {
        for pair in query.split(separator: "&", maxSplits: 64) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0]), let text = PercentEncoding.decode(parts.count > 1 ? parts[1] : "") else {
                throw .badRequest("The query string is not valid")
            }
            guard let index = input.shape.index(of: name), input.shape.members[index].location == .query else { continue }
            switch input.shape.members[index].shape {
            case .string: input[index: index] = .string(text)
            case .integer:
                guard let integer = Int64(text) else { throw .serialization("STRING_VALUE can not be converted to an Integer") }
                input[index: index] = .integer(integer)
            case .boolean:
                guard text == "true" || text == "false" else { throw .serialization("STRING_VALUE can not be converted to a Boolean") }
                input[index: index] = .boolean(text == "true")
            case .list(.string, _):
                if case .list(let values)? = input[index: index] {
                    input[index: index] = .list(values + [.string(text)])
                } else {
                    input[index: index] = .list([.string(text)])
                }
            default: preconditionFailure("\(input.shape.name).\(name) cannot stand in a query")
            }
        }
    }
}
