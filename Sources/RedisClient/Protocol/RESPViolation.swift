/// How a peer broke the protocol, or a limit of ``RESPLimits``.
package enum RESPViolation: Error, Hashable, Sendable {
    /// A value begins with a byte that no type has.
    case unknownType
    /// A line ends otherwise than by CR LF, or a bulk string is not followed by them.
    case badLineEnding
    /// A number is none, or does not fit 64 bits; a length is below -1.
    case badNumber
    case lineTooLong
    case bulkTooLong
    case replyTooLong
    case tooManyValues
    case tooDeep
}
