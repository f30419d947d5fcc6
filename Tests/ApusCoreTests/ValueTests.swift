import ApusCore
import Testing

@Suite struct ValueTests {
    @Test func secondsAreRoundedDown() {
        #expect(UnixMilliseconds(1999).seconds == 1)
        #expect(UnixMilliseconds(-1).seconds == -1)
        #expect(UnixMilliseconds(-1000).seconds == -1)
        #expect(UnixMilliseconds(-1001).seconds == -2)
        #expect(UnixMilliseconds(.min).seconds == Int64.min / 1000 - 1)
    }

    @Test func instantsAreClampedAtTheEnds() {
        #expect(UnixMilliseconds(.max) + .seconds(1) == UnixMilliseconds(.max))
        #expect(UnixMilliseconds(.min) + .seconds(-1) == UnixMilliseconds(.min))
        #expect(UnixMilliseconds(.max) - UnixMilliseconds(.min) == .milliseconds(Int64.max))
        #expect(UnixMilliseconds(.min) - UnixMilliseconds(.max) == .milliseconds(Int64.min))
        #expect(UnixMilliseconds(5000) - UnixMilliseconds(2000) == .seconds(3))
    }

    @Test func durationsAreClamped() {
        #expect(Duration.milliseconds(1500).milliseconds == 1500)
        #expect(Duration.microseconds(-1500).microseconds == -1500)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).microseconds == .min)
        #expect((Duration.milliseconds(Int64.max) + .milliseconds(900)).milliseconds == .max)
    }

    @Test(arguments: ["", "1", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２", "-12345678901"])
    func accountIDsAreTwelveDigits(text: String) {
        #expect(AccountID(text) == nil)
        #expect(AccountID("000000000001")?.rawValue == "000000000001")
    }

    @Test func regionsHaveNamesAndCodes() {
        #expect(Region("us-east-1") == .usEast1)
        #expect(Region("us-east-1")?.code == 0x0100)
        #expect(Region("my-rack-1")?.code == 0)
        for name in ["", "-a", "a-", "US-EAST-1", "a b", String(repeating: "a", count: 33), "a/b"] { #expect(Region(name) == nil) }
    }
}
