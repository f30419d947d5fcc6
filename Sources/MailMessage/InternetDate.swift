/// Dates as mail, the SES API and SigV4 write them, from and to milliseconds since 1970 in UTC. Integer arithmetic only.
package enum InternetDate {
    /// Calendar fields of a moment in UTC (proleptic Gregorian).
    struct Fields {
        var year: Int
        var month: Int
        var day: Int
        var hour = 0
        var minute = 0
        var second = 0
        var millisecond = 0
        /// 0 is Sunday.
        var weekday = 0
    }

    // MARK: Writing

    /// `Thu, 15 Jan 2026 12:00:00 +0000` (RFC 5322, section 3.3).
    package static func rfc5322(unixMilliseconds: Int64) -> String {
        let fields = fields(unixMilliseconds)
        var text: [UInt8] = []
        text.reserveCapacity(31)
        text.append(contentsOf: weekdays[fields.weekday].utf8)
        text.append(contentsOf: ", ".utf8)
        appendDecimal(fields.day, width: 1, to: &text)
        text.append(ASCII.space)
        text.append(contentsOf: months[fields.month - 1].utf8)
        text.append(ASCII.space)
        appendDecimal(fields.year, width: 4, to: &text)
        text.append(ASCII.space)
        appendTime(fields, separator: ASCII.colon, to: &text)
        text.append(contentsOf: " +0000".utf8)
        return String(decoding: text, as: UTF8.self)
    }

    /// `2026-01-15T12:00:00.000Z`, as in SES events.
    package static func iso8601(unixMilliseconds: Int64) -> String {
        let fields = fields(unixMilliseconds)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        appendDecimal(fields.year, width: 4, to: &text)
        text.append(ASCII.hyphen)
        appendDecimal(fields.month, width: 2, to: &text)
        text.append(ASCII.hyphen)
        appendDecimal(fields.day, width: 2, to: &text)
        text.append(0x54)
        appendTime(fields, separator: ASCII.colon, to: &text)
        text.append(ASCII.dot)
        appendDecimal(fields.millisecond, width: 3, to: &text)
        text.append(0x5A)
        return String(decoding: text, as: UTF8.self)
    }

    /// `20260115T120000Z`.
    package static func iso8601Basic(unixMilliseconds: Int64) -> String {
        let fields = fields(unixMilliseconds)
        var text: [UInt8] = []
        text.reserveCapacity(16)
        appendDecimal(fields.year, width: 4, to: &text)
        appendDecimal(fields.month, width: 2, to: &text)
        appendDecimal(fields.day, width: 2, to: &text)
        text.append(0x54)
        appendTime(fields, separator: nil, to: &text)
        text.append(0x5A)
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Reading

    /// Reads `20260115T120000Z`. `nil` for anything else, impossible dates included.
    package static func parseISO8601Basic(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == 0x54, bytes[15] == 0x5A, let year = decimal(bytes[0..<4]), let month = decimal(bytes[4..<6]),
            let day = decimal(bytes[6..<8]), let hour = decimal(bytes[9..<11]), let minute = decimal(bytes[11..<13]),
            let second = decimal(bytes[13..<15])
        else { return nil }
        return milliseconds(Fields(year: year, month: month, day: day, hour: hour, minute: minute, second: second))
    }

    /// Reads `2026-01-15T12:00:00Z`, with a fraction or an offset (`+01:00`) too (RFC 3339). `nil` for anything else.
    package static func parseISO8601(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40, bytes[4] == ASCII.hyphen, bytes[7] == ASCII.hyphen, bytes[10] | 0x20 == 0x74,
            bytes[13] == ASCII.colon, bytes[16] == ASCII.colon, let year = decimal(bytes[0..<4]), let month = decimal(bytes[5..<7]),
            let day = decimal(bytes[8..<10]), let hour = decimal(bytes[11..<13]), let minute = decimal(bytes[14..<16]),
            let second = decimal(bytes[17..<19])
        else { return nil }
        var fields = Fields(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        var index = 19
        if bytes[index] == ASCII.dot {
            var scale = 100
            index += 1
            let start = index
            while index < bytes.count, ASCII.isDigit(bytes[index]) {
                fields.millisecond += Int(bytes[index] - ASCII.zero) * scale
                scale /= 10
                index += 1
            }
            guard index > start, index < bytes.count else { return nil }
        }
        guard let moment = milliseconds(fields) else { return nil }
        if bytes[index] | 0x20 == 0x7A { return index + 1 == bytes.count ? moment : nil }
        guard index + 6 == bytes.count, bytes[index] == ASCII.plus || bytes[index] == ASCII.hyphen, bytes[index + 3] == ASCII.colon,
            let hours = decimal(bytes[(index + 1)..<(index + 3)]), let minutes = decimal(bytes[(index + 4)..<(index + 6)]), hours < 24, minutes < 60
        else { return nil }
        let offset = Int64(hours * 60 + minutes) * 60_000
        return bytes[index] == ASCII.plus ? moment - offset : moment + offset
    }

    // MARK: Calendar

    /// The calendar fields; moments before the year 0 or after 9999 are brought to that bound, since no format here can write them.
    static func fields(_ unixMilliseconds: Int64) -> Fields {
        let clamped = min(max(unixMilliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let days = Int(floorDivide(clamped, 86_400_000))
        let rest = Int(clamped - Int64(days) * 86_400_000)
        // Days are counted from 1 March of the year 0, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return Fields(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month, day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
            hour: rest / 3_600_000, minute: rest / 60_000 % 60, second: rest / 1000 % 60, millisecond: rest % 1000,
            weekday: ((days + 4) % 7 + 7) % 7)
    }

    /// The moment of calendar fields in UTC. A leap second counts as the next second. `nil` for fields out of range.
    static func milliseconds(_ fields: Fields) -> Int64? {
        guard (0...9999).contains(fields.year), (1...12).contains(fields.month), fields.day >= 1,
            fields.day <= dayCount(month: fields.month, year: fields.year), (0...23).contains(fields.hour), (0...59).contains(fields.minute),
            (0...60).contains(fields.second)
        else { return nil }
        let year = fields.month <= 2 ? fields.year - 1 : fields.year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (fields.month > 2 ? fields.month - 3 : fields.month + 9) + 2) / 5 + fields.day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = Int64(era * 146_097 + dayOfEra - 719_468)
        let seconds = Int64(fields.hour * 3600 + fields.minute * 60 + fields.second)
        return (days * 86_400 + seconds) * 1000 + Int64(fields.millisecond)
    }

    private static func dayCount(month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    private static func appendTime(_ fields: Fields, separator: UInt8?, to text: inout [UInt8]) {
        appendDecimal(fields.hour, width: 2, to: &text)
        if let separator { text.append(separator) }
        appendDecimal(fields.minute, width: 2, to: &text)
        if let separator { text.append(separator) }
        appendDecimal(fields.second, width: 2, to: &text)
    }

    private static func appendDecimal(_ value: Int, width: Int, to text: inout [UInt8]) {
        let digits = String(value).utf8
        for _ in 0..<max(0, width - digits.count) { text.append(ASCII.zero) }
        text.append(contentsOf: digits)
    }

    /// At most four digits, nothing else.
    static func decimal(_ bytes: some Collection<UInt8>) -> Int? {
        guard (1...4).contains(bytes.count), bytes.allSatisfy(ASCII.isDigit) else { return nil }
        return bytes.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
    }

    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
