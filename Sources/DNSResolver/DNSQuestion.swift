/// What is asked: look-ups of the same question that overlap are one.
struct DNSQuestion: Sendable, Hashable {
    /// In lower case, without a final dot.
    let name: String
    let type: DNSRecordType
}
