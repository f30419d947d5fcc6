extension SESError {
    /// The kinds of errors of API v2. The raw value is the wire name, on which SDKs decide; the status is the service model's.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        // Named by the service model.
        case accountSuspended = "AccountSuspendedException"
        case alreadyExists = "AlreadyExistsException"
        case badRequest = "BadRequestException"
        case concurrentModification = "ConcurrentModificationException"
        case conflict = "ConflictException"
        case invalidNextToken = "InvalidNextTokenException"
        case limitExceeded = "LimitExceededException"
        case mailFromDomainNotVerified = "MailFromDomainNotVerifiedException"
        /// The one name without a suffix.
        case messageRejected = "MessageRejected"
        case notFound = "NotFoundException"
        case sendingPaused = "SendingPausedException"
        case tooManyRequests = "TooManyRequestsException"
        // Common to all AWS services.
        case accessDenied = "AccessDeniedException"
        case expiredToken = "ExpiredTokenException"
        case incompleteSignature = "IncompleteSignatureException"
        case internalFailure = "InternalFailure"
        case invalidSignature = "InvalidSignatureException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case missingContentLength = "MissingContentLength"
        case requestEntityTooLarge = "RequestEntityTooLargeException"
        case requestExpired = "RequestExpired"
        case requestTimeout = "RequestTimeoutException"
        case serialization = "SerializationException"
        case serviceUnavailable = "ServiceUnavailable"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
        case unknownOperation = "UnknownOperationException"
        case unrecognizedClient = "UnrecognizedClientException"

        /// The HTTP status that goes with it.
        package var status: Int {
            switch self {
            case .accountSuspended, .alreadyExists, .badRequest, .invalidNextToken, .limitExceeded, .mailFromDomainNotVerified,
                .messageRejected, .sendingPaused, .serialization, .incompleteSignature, .requestExpired:
                400
            case .accessDenied, .expiredToken, .invalidSignature, .missingAuthenticationToken, .signatureDoesNotMatch, .unrecognizedClient:
                403
            case .notFound, .unknownOperation: 404
            case .requestTimeout: 408
            case .conflict: 409
            case .missingContentLength: 411
            case .requestEntityTooLarge: 413
            case .tooManyRequests: 429
            case .concurrentModification, .internalFailure: 500
            case .serviceUnavailable: 503
            }
        }
    }
}
