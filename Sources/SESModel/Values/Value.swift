/// A value of a ``Shape``, decoded from a request or to be written into a response.
package enum Value: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    /// Milliseconds since the Unix epoch.
    case timestamp(milliseconds: Int64)
    case blob([UInt8])
    case list([Value])
    case structure(StructureValue)
    case map([String: Value])

    /// A list of strings.
    package static func strings(_ strings: [String]) -> Value { .list(strings.map(Value.string)) }
}
