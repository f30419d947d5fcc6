/// The type of a value in a request or response, with its constraints: the service model's shapes.
package indirect enum Shape: Sendable {
    case string(StringConstraint)
    /// A whole number, within the range where one is given.
    case integer(ClosedRange<Int64>?)
    case double
    case boolean
    /// A point in time: epoch seconds with a fraction in bodies.
    case timestamp
    /// Bytes, base64 in JSON; at most so many after decoding.
    case blob(maximumBytes: Int)
    /// Values of one shape, so many at most where a bound is given.
    case list(Shape, maximumCount: Int?)
    case structure(StructureShape)
    /// Values of one shape under string keys.
    case map(Shape)

    /// A string without constraints.
    package static var string: Shape { .string(.any) }

    /// A string of one of these values.
    package static func oneOf(_ values: String...) -> Shape { .string(StringConstraint(values: values)) }

    /// A whole number without bounds.
    package static var integer: Shape { .integer(nil) }

    /// A list without a bound of its own.
    package static func list(_ element: Shape) -> Shape { .list(element, maximumCount: nil) }
}
