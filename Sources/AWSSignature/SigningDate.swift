/// The moment of a signature: Unix seconds and `yyyymmddThhmmssZ`.
package struct SigningDate: Hashable, Sendable {
    /// `20260115T120000Z`.
    package let text: String
    package let unixSeconds: Int64

    /// `20260115`.
    package var day: String { String(text.prefix(8)) }

    package init(unixSeconds: Int64) {
        // The years 0 to 9999 are all that the form can write.
        let seconds = min(max(unixSeconds, -62_167_219_200), 253_402_300_799)
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let rest = Int(seconds - days * 86_400)
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func pad(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        text =
            pad(year, 4) + pad(month, 2) + pad(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, 2) + "T" + pad(rest / 3600, 2)
            + pad(rest / 60 % 60, 2) + pad(rest % 60, 2) + "Z"
        self.unixSeconds = seconds
    }

    /// Reads `20260115T120000Z`. `nil` for anything else, impossible dates included.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == 0x54, bytes[15] == 0x5A else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].allSatisfy(Octets.isDigit) ? bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) } : nil
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15)
        else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }

    /// Reads the value of an HTTP Date header, `Thu, 15 Jan 2026 12:00:00 GMT`, or the form of `x-amz-date`.
    package init?(httpDate text: String) {
        if text.utf8.count == 16 {
            self.init(text)
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count == 29, bytes[3] == 0x2C, bytes[25...].elementsEqual(" GMT".utf8) else { return nil }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].allSatisfy(Octets.isDigit) ? bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) } : nil
        }
        guard let day = number(5..<7), let month = months.firstIndex(where: { $0.utf8.elementsEqual(bytes[8..<11]) }),
            let year = number(12..<16), let hour = number(17..<19), let minute = number(20..<22), let second = number(23..<25)
        else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    private init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let moment = SigningDate(unixSeconds: Int64(days * 86_400 + hour * 3600 + minute * 60 + second))
        // A day that its month does not have comes back as another one.
        guard second == 60 || moment.day.utf8.suffix(2).elementsEqual([UInt8(0x30 + day / 10), UInt8(0x30 + day % 10)]) else { return nil }
        self = moment
    }
}
