/// A session or transaction that ended without the server's verdict. Holds no text of the peer except inside ``SMTPReply``, whose description hides it.
package struct SMTPInterruption: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Cause: Sendable, Hashable, CustomStringConvertible {
        /// The server, or the network, closed the connection.
        case connectionClosed
        /// The stage's time limit passed.
        case timedOut
        /// What the server sent was not SMTP or not an answer.
        case protocolViolation(SMTPProtocolError)
        /// A negative reply where it speaks of the session and not of the message: banner, EHLO, STARTTLS, RSET.
        case reply(SMTPReply)
        /// TLS is required and the server does not offer it.
        case tlsNotOffered
        /// The TLS handshake failed. The text names the kind of failure only.
        case tlsFailed(String)
        /// No TCP connection: the system's reason.
        case connectFailed(String)
        /// No TCP connection was tried: this side has no descriptor, port or memory for one. The system's reason.
        case noResources(String)
        /// The owner said abort before the final dot.
        case aborted
        /// The owner closed the connection, or it was closed before the transaction began.
        case notConnected

        package var description: String {
            switch self {
            case .connectionClosed: "connection closed"
            case .timedOut: "timed out"
            case .protocolViolation(let error): "protocol violation: \(error)"
            case .reply(let reply): "reply \(reply)"
            case .tlsNotOffered: "TLS required but not offered"
            case .tlsFailed(let reason): "TLS failed: \(reason)"
            case .connectFailed(let reason): "connect failed: \(reason)"
            case .noResources(let reason): "no resources to connect: \(reason)"
            case .aborted: "aborted"
            case .notConnected: "not connected"
            }
        }
    }

    package let stage: SMTPStage
    package let cause: Cause
    /// The final dot (or the last octet of BDAT) had been handed to the network when this happened: the server may have accepted the message, so sending it again
    /// may make a duplicate (RFC 1047).
    package let dataMayBeAccepted: Bool
    /// TLS was opportunistic and it is TLS that failed: a new connection without it may do.
    package let mayRetryInClear: Bool

    package init(stage: SMTPStage, cause: Cause, dataMayBeAccepted: Bool = false, mayRetryInClear: Bool = false) {
        self.stage = stage
        self.cause = cause
        self.dataMayBeAccepted = dataMayBeAccepted
        self.mayRetryInClear = mayRetryInClear
    }

    package var failureClass: SMTPFailureClass {
        switch cause {
        case .reply(let reply):
            switch stage {
            // The session's trouble, not the message's.
            case .reset: .transient
            case .startTLS: mayRetryInClear ? .transient : .policy
            default: reply.category == .permanentNegative ? .permanent : .transient
            }
        case .tlsNotOffered: .policy
        case .tlsFailed: mayRetryInClear ? .transient : .policy
        case .aborted, .notConnected, .noResources: .internal
        case .connectionClosed, .timedOut, .protocolViolation, .connectFailed: .transient
        }
    }

    package var description: String {
        "\(cause) at \(stage.rawValue)\(dataMayBeAccepted ? ", data may be accepted" : "")"
    }
}
