/// How a ``DialRequest`` ended.
package enum DialOutcome: Sendable {
    /// A session is ready for mail. `brokenTLSHost` names a host that had to be spoken to in clear because its TLS is broken.
    case connected(any MailSession, brokenTLSHost: String?)
    /// No address of no host would do; the failure is that of the last one tried.
    case failed(DeliveryFailure)
    /// No connection can be opened from the address that was asked for: no host was asked.
    case unusableSource(DeliveryFailure)
}
