/// A named part of a structure.
package struct Member: Sendable {
    /// Where a member of an operation's input stands in the HTTP request. Members further down are always in the body.
    package enum Location: Hashable, Sendable {
        case body
        /// A label of the path template.
        case path
        case query
    }

    /// What happens when a request names the member.
    package enum Support: Hashable, Sendable {
        /// It is decoded.
        case supported
        /// SES knows it, this version does not do what it asks: the request is refused with this text rather than half obeyed.
        case refused(String)
    }

    /// The wire name, as the service model spells it.
    package let name: String
    package let shape: Shape
    package let isRequired: Bool
    package let location: Location
    package let support: Support

    package init(
        _ name: String, _ shape: Shape, isRequired: Bool = false, location: Location = .body, support: Support = .supported
    ) {
        self.name = name
        self.shape = shape
        self.isRequired = isRequired
        self.location = location
        self.support = support
    }

    /// A member that must be there.
    package static func required(_ name: String, _ shape: Shape, location: Location = .body) -> Member {
        Member(name, shape, isRequired: true, location: location)
    }

    /// A member that SES knows and this version refuses; its shape does not matter, because it is never decoded.
    package static func refused(_ name: String, _ reason: String) -> Member {
        Member(name, .string, support: .refused(reason))
    }
}
