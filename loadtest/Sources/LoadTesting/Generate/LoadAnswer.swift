/// What became of one.
struct LoadAnswer {
    var outcome: SentRecord.Outcome
    var code: UInt16
    var idHash: UInt64 = 0
    var octets: Int
}
