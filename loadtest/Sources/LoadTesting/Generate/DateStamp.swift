import MailMessage

/// The value of a `Date` field, written once a second.
struct DateStamp {
    private var second: Int64 = .min
    private var text: [UInt8] = []

    mutating func value(at nanoseconds: Int64) -> [UInt8] {
        let now = nanoseconds / 1_000_000_000
        if now != second {
            second = now
            text = Array(InternetDate.rfc5322(unixMilliseconds: now * 1_000).utf8)
        }
        return text
    }
}
