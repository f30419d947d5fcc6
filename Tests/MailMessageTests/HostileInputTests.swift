import MailMessage
import Testing

@Suite struct HostileInputTests {
    /// Everything that reads octets from outside.
    static func exercise(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? EmailAddress(bytes: bytes, allowingAddressLiteral: true)
        if let list = try? AddressList(bytes: bytes, allowingAddressLiteral: true) {
            for mailbox in list.mailboxes { _ = try? mailbox.headerBytes() }
        }
        _ = EncodedWord.decode(bytes)
        _ = EncodedWord.encode(text)
        _ = InternetDate.parseRFC5322(bytes)
        _ = InternetDate.parseISO8601(text)
        _ = InternetDate.parseISO8601Basic(text)
        _ = ContentType(fieldValue: bytes)
        _ = ContentDisposition(fieldValue: bytes)
        _ = try? Base64.decode(bytes)
        _ = Base64.decodeLenient(bytes[...])
        _ = QuotedPrintable.decode(bytes[...])
        _ = try? HeaderBlock(bytes)
        guard let message = try? RawMessage(bytes) else { return }
        _ = SingleInstanceHeaders.firstDuplicate(in: message.header)
        _ = try? message.applying([.remove("Bcc"), .replace(name: "Date", value: [0x78])])
        guard let structure = try? MIMEStructure(message) else { return }
        for part in structure.parts {
            _ = part.decodedBody()
            _ = part.fileName
        }
        _ = EICARTestFile.isContained(in: structure)
    }

    private static let seeds: [String] =
        RFC5322Example.all.map(\.text) + [
            MIMEStructureTests.complex, "\"Name, Odd\" <@r.test,@s.test:a@b.c>, G: x@y.z (c), \"q\"@[IPv6:::1];",
            "=?UTF-8*en?B?SsO2cmc=?= =?latin1?Q?=E9_?= x",
            "Thu, 13 (c) Feb 1969 23:32:54 -0330 (Newfoundland)", "a/b; x*0*=utf-8'en'%C3%BC; x*1=\"y\\\"\"; (c) z = (d) w", "a=3D=\r\n=C3=A9 \r\n",
            "2026-01-15T12:00:00.123+01:00", "x@ボクシング。テスト",
        ]

    /// Damaged examples; the count is for release builds, debug builds take a tenth.
    @Test(arguments: 0..<8) func mutationsNeverTrap(_ worker: Int) {
        #if DEBUG
            let rounds = 2500
        #else
            let rounds = 25_000
        #endif
        let seeds = Self.seeds.map { Array($0.utf8) }
        let tokens = [
            "\r\n", "\n", "\r", "\r\n\r\n", "--", "--outer", "=?", "?=", "(", ")", "<", ">", "\"", "\\", ";", ":", "@", "=", "\0", " ", "*0*=",
        ].map { Array($0.utf8) }
        var random = SplitMix(seed: UInt64(worker) + 1)
        for _ in 0..<rounds {
            var bytes = seeds[random.below(seeds.count)]
            if bytes.count > 300, random.below(4) > 0 {
                let start = random.below(bytes.count - 200)
                bytes = Array(bytes[start..<(start + 200)])
            }
            for _ in 0...random.below(6) {
                let position = random.below(bytes.count + 1)
                switch random.below(5) {
                case 0: bytes.insert(UInt8(random.below(256)), at: position)
                case 1: if position < bytes.count { bytes[position] = UInt8(random.below(256)) }
                case 2: bytes.removeSubrange(position..<min(bytes.count, position + random.below(8)))
                case 3: bytes.insert(contentsOf: tokens[random.below(tokens.count)], at: position)
                default:
                    let end = min(bytes.count, position + random.below(40))
                    bytes.insert(contentsOf: Array(bytes[position..<end]), at: random.below(bytes.count + 1))
                }
            }
            Self.exercise(bytes)
        }
    }

    @Test(arguments: [
        "(", "((((", "<", "\"", "\\", "=?", "=?a?q?", "--\n", ",", ";", ":", "@", "a:", "a;b*0=", "x: y\n", "\r", "\n", ".", "a.", "=\n", "[", "ü",
    ])
    func longRepetitionsEnd(_ piece: String) {
        Self.exercise(Array(String(repeating: piece, count: 20_000).utf8))
    }

    @Test func longLinesOfEachKind() {
        for byte in UInt8.min...UInt8.max { Self.exercise([UInt8](repeating: byte, count: 2000)) }
    }

    @Test func errorsHoldNoContent() {
        for text in ["secret-local@", "secret local@example.com", "secret"] {
            do {
                _ = try EmailAddress(text)
                Issue.record("accepted")
            } catch {
                #expect(!"\(error)".contains("secret"))
            }
        }
    }
}
