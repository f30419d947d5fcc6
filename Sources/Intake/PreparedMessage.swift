internal import MailMessage

/// A message ready for its record.
struct PreparedMessage {
    /// The finished octets, complete but for the DKIM signature.
    let bytes: [UInt8]
    /// The header that events show: the caller's for a raw message, the composed one for simple content.
    let header: HeaderBlock
    let isEightBit: Bool
    /// Whether a part is the EICAR test file.
    let isRefusedContent: Bool
}
