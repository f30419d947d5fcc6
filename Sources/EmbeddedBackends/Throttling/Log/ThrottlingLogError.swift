internal import Backends

/// Why a ``SegmentedLog`` refused a record.
enum ThrottlingLogError: Error, Hashable {
    /// Too much waits to be written: the disk does not keep up.
    case full
    case closed

    /// What the log's users throw for it.
    var throttlingError: ThrottlingError {
        switch self {
        case .full: ThrottlingError(.unavailable, "the disk does not keep up", cause: self)
        case .closed: ThrottlingError(.closed, "the throttling engine is closed", cause: self)
        }
    }
}
