import SESModel
import Testing

struct ResponseEncoderTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func writesMembersInTheOrderOfTheShape() {
        var value = StructureValue(SESv2.getAccount.output)
        var quota = StructureValue(SESv2.sendQuota)
        quota["SentLast24Hours"] = .double(3)
        quota["Max24HourSend"] = .double(-1)
        quota["MaxSendRate"] = .double(.infinity)
        value["SendingEnabled"] = .boolean(true)
        value["SendQuota"] = .structure(quota)
        #expect(
            self.text(ResponseEncoder.encode(value))
                == #"{"SendQuota":{"Max24HourSend":-1.0,"MaxSendRate":null,"SentLast24Hours":3.0},"SendingEnabled":true}"#)
    }

    @Test func writesEmptyStructuresListsAndMaps() {
        #expect(self.text(ResponseEncoder.encode(StructureValue(SESv2.deleteEmailIdentity.output))) == "{}")
        var value = StructureValue(SESv2.getEmailIdentity.output)
        value["Policies"] = .map([:])
        value["Tags"] = .list([])
        #expect(self.text(ResponseEncoder.encode(value)) == #"{"Policies":{},"Tags":[]}"#)
    }

    @Test(arguments: [(0, "0"), (1_500, "1.500"), (1_700_000_000_001, "1700000000.001"), (1_700_000_000_000, "1700000000"), (-1_500, "-1.500")])
    func writesTimestamps(milliseconds: Int64, expected: String) {
        var writer = JSONWriter()
        writer.epochSeconds(milliseconds: milliseconds)
        #expect(self.text(writer.bytes) == expected)
    }

    @Test func escapes() {
        var writer = JSONWriter()
        writer.string("\"\\/\n\r\t\u{0}\u{1f}\u{7f}é😀")
        #expect(self.text(writer.bytes) == "\"\\\"\\\\/\\n\\r\\t\\u0000\\u001f\\u007fé😀\"")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        for scalar in (0..<0x3000).compactMap(Unicode.Scalar.init) {
            var writer = JSONWriter()
            writer.string(String(Character(scalar)))
            var reader = JSONReader(writer.bytes)
            _ = try reader.peek()
            #expect(Array(try reader.readString().unicodeScalars) == [scalar])
        }
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func writesBlobs(plain: String, encoded: String) {
        let shape = StructureShape("S", [Member("B", .blob(maximumBytes: 10))])
        var value = StructureValue(shape)
        value["B"] = .blob(Array(plain.utf8))
        #expect(self.text(ResponseEncoder.encode(value)) == #"{"B":"\#(encoded)"}"#)
    }

    @Test func errors() {
        #expect(self.text(ResponseEncoder.encode(SESError(.notFound, "a \"b\""))) == #"{"message":"a \"b\""}"#)
        #expect(self.text(ResponseEncoder.encode(SESError(.badRequest, nil))) == #"{"message":null}"#)
        #expect("\(SESError(.notFound, "somebody@example.com"))" == "NotFoundException")
    }

    /// The wire names and statuses that the service model gives.
    @Test(arguments: [
        (SESError.Kind.badRequest, "BadRequestException", 400), (.messageRejected, "MessageRejected", 400),
        (.notFound, "NotFoundException", 404), (.tooManyRequests, "TooManyRequestsException", 429),
        (.concurrentModification, "ConcurrentModificationException", 500), (.sendingPaused, "SendingPausedException", 400),
        (.alreadyExists, "AlreadyExistsException", 400), (.limitExceeded, "LimitExceededException", 400),
        (.serialization, "SerializationException", 400), (.conflict, "ConflictException", 409),
    ])
    func kinds(kind: SESError.Kind, name: String, status: Int) {
        #expect(kind.rawValue == name)
        #expect(kind.status == status)
    }
}
