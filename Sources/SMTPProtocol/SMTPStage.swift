/// Where in the dialogue something happened, and which time limit of RFC 5321 section 4.5.3.2 runs.
package enum SMTPStage: String, Sendable, Hashable, CaseIterable {
    /// Opening the TCP connection.
    case connect
    /// Waiting for the server's 220.
    case banner
    /// `EHLO` or `HELO`.
    case hello
    /// `STARTTLS`, up to its reply.
    case startTLS
    /// The TLS handshake.
    case tlsHandshake
    /// `RSET` before another transaction.
    case reset
    case mail
    case recipient
    /// `DATA`, up to 354.
    case data
    /// Sending the message's content.
    case content
    /// After the final dot, or the last octet of `BDAT … LAST`: the message may be accepted from here on.
    case finalDot
    case quit
    /// Between two transactions.
    case idle
}
