internal import ControlPlane
internal import Logging
internal import SESModel

/// Turns what an operation threw into an answer.
enum OperationFailure {
    static func answer(_ error: any Error, logger: Logger) -> SESError {
        if let error = error as? SESError { return error }
        guard let error = error as? ControlPlaneError else {
            // The kind alone: an error's text may hold what the caller sent.
            logger.error("an operation failed", metadata: ["error": "\(type(of: error))"])
            return SESError(.internalFailure, "An internal error occurred.")
        }
        switch error.code {
        case .alreadyExists: return SESError(.alreadyExists, error.message)
        case .notFound: return SESError(.notFound, error.message)
        case .invalid: return .badRequest(error.message)
        case .limitExceeded: return SESError(.limitExceeded, error.message)
        case .conflict: return SESError(.concurrentModification, error.message)
        case .unavailable:
            logger.warning("the control plane is not available", metadata: ["error": "\(error)"])
            return SESError(.serviceUnavailable, "The service is not available now. Try again.")
        case .unreadable:
            logger.error("the control plane cannot read what it stored", metadata: ["error": "\(error)"])
            return SESError(.internalFailure, "An internal error occurred.")
        }
    }
}
