import LoadTesting
import MailSink
import NIOCore
import Testing

/// A message that a generator made, as a sink reads it.
@Suite struct MessageMakerTests {
    private func message(size: Int = 2_000, stamped: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = []
        MessageMaker(run: 9, largest: 100_000).write(
            sequence: 5, from: "a@example.com", to: ["u5.0@sink.test"], size: size, date: Array("Thu, 26 Nov 2026 00:00:00 +0000".utf8),
            stamped: stamped,
            to: &bytes)
        return bytes
    }

    private func read(_ bytes: [UInt8], parts: Int = 1) -> (id: LoadID, flags: Arrival.Flags)? {
        var check = LoadCheck()
        let step = max(bytes.count / parts, 1)
        for start in stride(from: 0, to: bytes.count, by: step) {
            check.receive(ByteBuffer(bytes: bytes[start..<min(start + step, bytes.count)]))
        }
        return check.finish()
    }

    @Test(arguments: [1, 500, 2_000, 10_240, 90_000])
    func sizes(size: Int) throws {
        let bytes = message(size: size)
        #expect(size < 500 || abs(bytes.count - size) <= 160)
        #expect(bytes.suffix(2) == [0x0D, 0x0A])
        let found = try #require(read(bytes))
        #expect(found.id.run == 9 && found.id.sequence == 5 && found.flags.isEmpty)
    }

    /// However the network cuts it.
    @Test(arguments: [2, 3, 7, 64, 501, 2_000])
    func everySplit(parts: Int) throws {
        let found = try #require(read(message(), parts: parts))
        #expect(found.flags.isEmpty)
    }

    /// Every single octet that the generator wrote counts, but for those of the id itself, without which there is no such message.
    @Test func anyAlteredOctetIsFound() {
        let bytes = message(size: 600)
        for offset in bytes.indices {
            var altered = bytes
            altered[offset] ^= 0x01
            let found = read(altered)
            #expect(found == nil || found?.id != read(bytes)?.id || found?.flags.isEmpty == false, "octet \(offset)")
        }
    }

    @Test func shortenedOrLengthened() {
        let bytes = message()
        #expect(read(Array(bytes.dropLast(2)))?.flags == .alteredBody)
        #expect(read(bytes + [0x0D, 0x0A])?.flags == .alteredBody)
    }

    /// What mail systems do on the way: trace fields above, missing fields below.
    @Test func fieldsOfSystemsInBetween() throws {
        let bytes = message(stamped: false)
        let end = try #require(bytes.indices.first { bytes[$0...].starts(with: [0x0D, 0x0A, 0x0D, 0x0A]) })
        let passed =
            Array("Received: from a by b; today\r\nDKIM-Signature: v=1; a=rsa-sha256\r\n".utf8) + bytes[...(end + 1)]
            + Array("Message-ID: <x@y>\r\nDate: today\r\n".utf8) + bytes[(end + 2)...]
        let found = try #require(read(passed))
        #expect(found.flags.isEmpty)
    }

    @Test func withoutAnID() {
        #expect(read(Array("From: a@b.test\r\n\r\nHello\r\n".utf8)) == nil)
        #expect(read([]) == nil)
        #expect(read(Array(repeating: 0x61, count: 200_000)) == nil)
    }
}
