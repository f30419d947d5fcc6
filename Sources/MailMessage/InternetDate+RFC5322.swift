extension InternetDate {
    /// Reads the value of a Date field, obsolete forms included: comments and white space anywhere, two- and three-digit years, named zones
    /// (RFC 5322, sections 3.3 and 4.3). A missing or unknown zone counts as UTC. `nil` for anything else.
    package static func parseRFC5322(_ bytes: [UInt8]) -> Int64? {
        guard bytes.count <= 1000 else { return nil }
        var scanner = FieldScanner(bytes)
        guard var token = word(&scanner) else { return nil }
        if !token.allSatisfy(ASCII.isDigit) {
            guard weekdays.contains(where: { ASCII.equalsIgnoringCase(token, $0.utf8) }) else { return nil }
            _ = scanner.accept(ASCII.comma)
            guard let next = word(&scanner) else { return nil }
            token = next
        }
        guard let day = decimal(token), let monthName = word(&scanner),
            let month = months.firstIndex(where: { ASCII.equalsIgnoringCase(monthName, $0.utf8) }), let yearText = word(&scanner),
            var year = decimal(yearText), let hour = word(&scanner).flatMap({ decimal($0) }), scanner.accept(ASCII.colon),
            let minute = word(&scanner).flatMap({ decimal($0) })
        else { return nil }
        if yearText.count == 2 { year += year < 50 ? 2000 : 1900 } else if yearText.count == 3 { year += 1900 }
        var second = 0
        if scanner.accept(ASCII.colon) {
            guard let value = word(&scanner).flatMap({ decimal($0) }) else { return nil }
            second = value
        }
        guard let moment = milliseconds(Fields(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)) else {
            return nil
        }
        guard let zone = word(&scanner) else { return scanner.isAtEnd ? moment : nil }
        guard let offset = offsetMinutes(zone), scanner.isAtEnd else { return nil }
        return moment - Int64(offset) * 60_000
    }

    /// Letters and digits with a leading sign: a token, since none of these hold tspecials.
    private static func word(_ scanner: inout FieldScanner) -> ArraySlice<UInt8>? { scanner.token() }

    private static func offsetMinutes(_ zone: ArraySlice<UInt8>) -> Int? {
        if let sign = zone.first, sign == ASCII.plus || sign == ASCII.hyphen {
            guard zone.count == 5, let value = decimal(zone.dropFirst()), value % 100 < 60 else { return nil }
            let minutes = value / 100 * 60 + value % 100
            return sign == ASCII.plus ? minutes : -minutes
        }
        guard zone.allSatisfy(ASCII.isLetter) else { return nil }
        switch ASCII.lowercased(zone) {
        case "edt": return -240
        case "est", "cdt": return -300
        case "cst", "mdt": return -360
        case "mst", "pdt": return -420
        case "pst": return -480
        // UT, GMT; and the military letters and unknown names, which RFC 5322, section 4.3, says to take as -0000.
        default: return 0
        }
    }
}
