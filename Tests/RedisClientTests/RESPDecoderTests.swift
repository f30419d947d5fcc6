import NIOCore
import RedisClient
import Testing

@Suite struct RESPDecoderTests {
    /// Everything of `pieces`, as it comes.
    private static func decode(_ pieces: [ByteBuffer], limits: RESPLimits = RESPLimits()) throws(RESPViolation) -> [RESPValue] {
        var decoder = RESPDecoder(limits: limits)
        var buffer = ByteBuffer()
        var values: [RESPValue] = []
        for piece in pieces {
            buffer.writeImmutableBuffer(piece)
            while let value = try decoder.next(&buffer) { values.append(value) }
        }
        return values
    }

    private static func decode(_ text: String, limits: RESPLimits = RESPLimits()) throws(RESPViolation) -> [RESPValue] {
        try Self.decode([ByteBuffer(string: text)], limits: limits)
    }

    private static func violation(_ text: String, limits: RESPLimits = RESPLimits()) -> RESPViolation? {
        do throws(RESPViolation) {
            _ = try Self.decode(text, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("+OK\r\n", .simple("OK")), ("+\r\n", .simple("")), (":0\r\n", .integer(0)), (":-9223372036854775808\r\n", .integer(.min)),
            (":9223372036854775807\r\n", .integer(.max)), ("$-1\r\n", .null), ("*-1\r\n", .null), ("$0\r\n\r\n", .bulk(ByteBuffer())),
            ("$4\r\na\r\nb\r\n", .bulk(ByteBuffer(string: "a\r\nb"))), ("*0\r\n", .array([])),
            ("*2\r\n:1\r\n$3\r\nabc\r\n", .array([.integer(1), .bulk(ByteBuffer(string: "abc"))])),
            ("*2\r\n*0\r\n*2\r\n$-1\r\n-ERR x\r\n", .array([.array([]), .array([.null, .error(RedisReplyError(text: "ERR x"))])])),
            ("-NOSCRIPT No matching script.\r\n", .error(RedisReplyError(text: "NOSCRIPT No matching script."))),
        ] as [(String, RESPValue)])
    func readsReplies(text: String, value: RESPValue) throws {
        #expect(try Self.decode(text) == [value])
        #expect(try Self.decode(text + text) == [value, value])
    }

    private static let several = "+OK\r\n*3\r\n:-12\r\n$5\r\nab\r\nc\r\n*2\r\n$-1\r\n$0\r\n\r\n-WRONGPASS no\r\n:7\r\n*1\r\n*1\r\n*0\r\n"

    @Test func everySplitGivesTheSame() throws {
        let bytes = Array(Self.several.utf8)
        let whole = try Self.decode(Self.several)
        #expect(whole.count == 5)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map { ByteBuffer(bytes: $0) }
                #expect(try Self.decode(pieces) == whole)
            }
        }
        #expect(try Self.decode(bytes.map { ByteBuffer(bytes: [$0]) }) == whole)
    }

    @Test func whatEndsAnywhereIsWaitedFor() throws {
        let text = "*3\r\n:-12\r\n$5\r\nab\r\nc\r\n*2\r\n$-1\r\n$0\r\n\r\n"
        for length in 0..<text.utf8.count {
            #expect(try Self.decode([ByteBuffer(bytes: Array(text.utf8)[..<length])]) == [])
        }
        #expect(try Self.decode(text).count == 1)
    }

    @Test(
        arguments: [
            ("\r\n", .unknownType), ("%1\r\n", .unknownType), ("GET / HTTP/1.1\r\n", .unknownType), ("+OK\n", .badLineEnding),
            ("+O\rK\r\n", .badLineEnding), ("$3\r\nabcX\r\n", .badLineEnding), (":\r\n", .badNumber), (":-\r\n", .badNumber), (":+1\r\n", .badNumber),
            (": 1\r\n", .badNumber), (":1a\r\n", .badNumber), (":9223372036854775808\r\n", .badNumber), (":00000000000000000000001\r\n", .badNumber),
            ("$-2\r\n", .badNumber), ("*-2\r\n", .badNumber), ("$\r\n", .badNumber), ("*\r\n", .badNumber),
            ("$9223372036854775807\r\n", .bulkTooLong),
            ("$99999999999999999999\r\n", .badNumber), ("*9223372036854775807\r\n", .tooManyValues), ("*2147483647\r\n", .tooManyValues),
        ] as [(String, RESPViolation)])
    func refusesWhatIsNoReply(text: String, violation: RESPViolation) {
        #expect(Self.violation(text) == violation)
        #expect(Self.violation("*1\r\n" + text) == violation)
    }

    @Test func refusesAtTheLimits() {
        let limits = RESPLimits(lineBytes: 10, bulkBytes: 8, replyBytes: 60, values: 4, depth: 3)
        #expect(Self.violation("+123456789\r\n", limits: limits) == nil)
        #expect(Self.violation("+1234567890", limits: limits) == .lineTooLong)
        #expect(Self.violation("$8\r\n12345678\r\n", limits: limits) == nil)
        #expect(Self.violation("$9\r\n", limits: limits) == .bulkTooLong)
        #expect(Self.violation("*4\r\n", limits: limits) == nil)
        #expect(Self.violation("*5\r\n", limits: limits) == .tooManyValues)
        // All levels count together.
        #expect(Self.violation("*2\r\n*2\r\n:1\r\n:2\r\n", limits: limits) == nil)
        #expect(Self.violation("*2\r\n*3\r\n", limits: limits) == .tooManyValues)
        #expect(Self.violation("*1\r\n*1\r\n*1\r\n:1\r\n", limits: limits) == nil)
        #expect(Self.violation("*1\r\n*1\r\n*1\r\n*1\r\n", limits: limits) == .tooDeep)
        #expect(Self.violation("*1\r\n*1\r\n*1\r\n*0\r\n", limits: limits) == .tooDeep)
        #expect(Self.violation("*4\r\n" + String(repeating: "$8\r\n12345678\r\n", count: 3), limits: limits) == nil)
        #expect(Self.violation("*4\r\n" + String(repeating: "+12345678\r\n", count: 3) + "$8\r\n12345678\r\n", limits: limits) == nil)
        #expect(Self.violation("*4\r\n" + String(repeating: "+12345678\r\n", count: 4) + "$8\r\n", limits: limits) == nil)
        #expect(Self.violation("*3\r\n*2\r\n", limits: limits) == .tooManyValues)
    }

    @Test func aReplyIsBoundedAsAWhole() {
        let limits = RESPLimits(replyBytes: 100)
        let text = "*20\r\n" + String(repeating: "$8\r\n12345678\r\n", count: 20)
        #expect(Self.violation(text, limits: limits) == .replyTooLong)
        // Each on its own is not too long. (CR LF is one character.)
        #expect(Self.violation(String(text.dropFirst(4)), limits: limits) == nil)
    }

    @Test func aHundredThousandLevelsAreRefusedAndNotFollowed() {
        #expect(Self.violation(String(repeating: "*1\r\n", count: 100_000)) == .tooDeep)
    }

    @Test func staysAtAViolation() {
        var decoder = RESPDecoder()
        var buffer = ByteBuffer(string: "?\r\n+OK\r\n")
        #expect(throws: RESPViolation.unknownType) { try decoder.next(&buffer) }
        #expect(throws: RESPViolation.unknownType) { try decoder.next(&buffer) }
    }

    @Test(arguments: [("WRONGPASS invalid", "WRONGPASS"), ("", "ERR"), ("lower case", "ERR"), ("BUSY", "BUSY")])
    func aReplyErrorHasACode(text: String, code: String) {
        let error = RedisReplyError(text: text)
        #expect(error.code == code)
        // It may quote a command's arguments.
        #expect("\(error)" == code)
    }
}
