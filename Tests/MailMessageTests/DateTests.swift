import MailMessage
import Testing

@Suite struct DateTests {
    @Test(
        arguments: [
            (1_768_478_400_000, "Thu, 15 Jan 2026 12:00:00 +0000", "2026-01-15T12:00:00.000Z", "20260115T120000Z"),
            (0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z", "19700101T000000Z"),
            (951_827_696_123, "Tue, 29 Feb 2000 12:34:56 +0000", "2000-02-29T12:34:56.123Z", "20000229T123456Z"),
            (-1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59.999Z", "19691231T235959Z"),
            (253_402_300_799_999, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59.999Z", "99991231T235959Z"),
        ] as [(Int64, String, String, String)]) func forms(_ moment: Int64, _ mail: String, _ iso: String, _ basic: String)
    {
        #expect(InternetDate.rfc5322(unixMilliseconds: moment) == mail)
        #expect(InternetDate.iso8601(unixMilliseconds: moment) == iso)
        #expect(InternetDate.iso8601Basic(unixMilliseconds: moment) == basic)
        #expect(InternetDate.parseISO8601(iso) == moment)
        let seconds = (moment >= 0 ? moment : moment - 999) / 1000 * 1000
        #expect(InternetDate.parseRFC5322(Array(mail.utf8)) == seconds)
        #expect(InternetDate.parseISO8601Basic(basic) == seconds)
    }

    @Test func everyDayOfFourHundredYears() {
        var moment: Int64 = -62_135_596_800_000
        for _ in 0..<146_097 {
            moment += 86_400_000
            guard InternetDate.parseISO8601Basic(InternetDate.iso8601Basic(unixMilliseconds: moment)) == moment else {
                Issue.record("\(moment)")
                return
            }
        }
    }

    @Test(
        arguments: [
            ("21 Nov 97 09:55:06 GMT", 880_106_106_000), ("Fri, 21 Nov 1997 09:55:06 EST", 880_124_106_000),
            ("21 nov 1997 09:55 -0600", 880_127_700_000),
            ("Fri, 21 Nov 097 09:55:06 Z", 880_106_106_000), ("Fri, 21 Nov 1997 09:55:06", 880_106_106_000),
            ("1 Jan 26 00:00:00 +0130", 1_767_220_200_000),
            ("31 Dec 2016 23:59:60 +0000", 1_483_228_800_000),
        ] as [(String, Int64)]) func obsoleteForms(_ text: String, _ moment: Int64)
    {
        #expect(InternetDate.parseRFC5322(Array(text.utf8)) == moment)
    }

    @Test(arguments: [
        "", "x", "Fri", "Fri,", "99 Nov 1997 00:00 GMT", "30 Feb 2000 00:00 GMT", "1 Foo 2000 00:00 GMT", "1 Jan 2000", "1 Jan 2000 25:00 GMT",
        "1 Jan 2000 00:60 GMT", "1 Jan 2000 00:00:61 GMT", "1 Jan 2000 00:00 +00", "1 Jan 2000 00:00 GMT trailing", "1 Jan 20000 00:00 GMT",
        "Foo, 1 Jan 2000 00:00 GMT", "1 Jan 99999999999999999999 00:00 GMT", "1 Jan 2000 00:00 +0099",
    ]) func notDates(_ text: String) {
        #expect(InternetDate.parseRFC5322(Array(text.utf8)) == nil)
    }

    @Test(arguments: ["", "2026-01-15", "2026-01-15T12:00:00", "2026-02-30T12:00:00Z", "2026-01-15T12:00:00.Z", "2026-01-15T12:00:00+25:00"])
    func notISO(_ text: String) {
        #expect(InternetDate.parseISO8601(text) == nil)
        #expect(InternetDate.parseISO8601Basic(text) == nil)
    }

    @Test func isoOffsets() {
        #expect(InternetDate.parseISO8601("2026-01-15T13:00:00+01:00") == 1_768_478_400_000)
        #expect(InternetDate.parseISO8601("2026-01-15t12:00:00.5z") == 1_768_478_400_500)
    }

    @Test(arguments: [Int64.min, Int64.max]) func extremesAreClamped(_ moment: Int64) {
        #expect(!InternetDate.rfc5322(unixMilliseconds: moment).isEmpty)
    }
}
