internal import CUnbound

/// A failure of a libunbound call.
struct UnboundStatus: Error {
    let rawValue: Int32

    /// What callers of the resolver see of it.
    var error: DNSError {
        rawValue == UB_SYNTAX.rawValue
            ? DNSError(.invalidName, "the resolver cannot read the name")
            : DNSError(.temporaryFailure, "the resolver could not start the look-up")
    }
}
