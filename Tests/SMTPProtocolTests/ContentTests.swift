import NIOCore
import SMTPProtocol
import Testing

@Suite struct ContentTests {
    private func stuffed(_ content: SMTPContent) -> String {
        var stream = SMTPContentStream(content, stuffingDots: true)
        var output = ByteBuffer()
        while var part = stream.next() {
            #expect(part.readableBytes > 0)
            output.writeBuffer(&part)
        }
        #expect(stream.isAtEnd)
        return String(buffer: output)
    }

    @Test(arguments: [
        ("a\r\n", "a\r\n"), ("", ""), ("a", "a\r\n"), ("a\nb\n", "a\r\nb\r\n"), ("a\rb", "a\r\nb\r\n"), ("a\r\r\nb\r\n", "a\r\n\r\nb\r\n"),
        ("a\n\rb\r\n", "a\r\n\r\nb\r\n"),
        (".\r\n", "..\r\n"), ("..\r\n", "...\r\n"), ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n"), ("a\n.\nb", "a\r\n..\r\nb\r\n"),
        ("a\r\n.", "a\r\n..\r\n"),
        ("a\r.\rb\r\n", "a\r\n..\r\nb\r\n"), ("a\r\n\0.\r\nb\r\n", "a\r\n..\r\nb\r\n"), ("a\r\0\n.\r\n", "a\r\n..\r\n"), ("a\r\n.\r", "a\r\n..\r\n"),
        ("\0", ""),
        ("x.y\r\n.z\r\n", "x.y\r\n..z\r\n"), ("\r", "\r\n"), ("\n", "\r\n"), ("\r\n", "\r\n"),
    ])
    func normalisedAndStuffed(_ text: String, _ expected: String) {
        let content = SMTPContent(ByteBuffer(string: text))
        #expect(stuffed(content) == expected)
        #expect(content.wasNormalized == (String(buffer: content.bytes) != text))
    }

    /// Whatever goes in: what leaves has no bare CR or LF, no NUL, and no line that is a lone dot.
    @Test func nothingCanEndTheContentEarly() {
        let alphabet: [UInt8] = [0x0D, 0x0A, 0x2E, 0x61, 0x00]
        for number in 0..<(5 * 5 * 5 * 5 * 5 * 5 * 5) {
            var rest = number
            var bytes: [UInt8] = []
            for _ in 0..<7 {
                bytes.append(alphabet[rest % 5])
                rest /= 5
            }
            let content = SMTPContent(ByteBuffer(bytes: bytes))
            let wire = Array(stuffed(content).utf8)
            var lineStart = 0
            for (index, byte) in wire.enumerated() {
                if byte == 0x0D, index + 1 >= wire.count || wire[index + 1] != 0x0A { Issue.record("bare CR from \(bytes)") }
                if byte == 0x0A {
                    if index == 0 || wire[index - 1] != 0x0D { Issue.record("bare LF from \(bytes)") }
                    if Array(wire[lineStart...index]) == [0x2E, 0x0D, 0x0A] { Issue.record("lone dot from \(bytes)") }
                    lineStart = index + 1
                }
                if byte == 0 { Issue.record("NUL from \(bytes)") }
            }
            // And it reads back as the same content.
            var decoder = SMTPDataDecoder()
            var input = ByteBuffer(bytes: wire + [0x2E, 0x0D, 0x0A, 0x51])
            var back = ByteBuffer()
            reading: while true {
                switch decoder.next(&input) {
                case .content(var slice): back.writeBuffer(&slice)
                case .end: break reading
                default:
                    Issue.record("not read back: \(bytes)")
                    break reading
                }
            }
            #expect(back == content.bytes)
            #expect(input.readableBytes == 1)
        }
    }

    @Test func cleanContentIsNotCopied() throws {
        let text = String(repeating: String(repeating: "x", count: 76) + "\r\n", count: 4000)
        let original = ByteBuffer(string: text)
        let content = SMTPContent(original)
        var stream = SMTPContentStream(content, stuffingDots: true)
        let address = original.withUnsafeReadableBytes { $0.baseAddress }
        let next = stream.next()
        let first = try #require(next)
        #expect(first.withUnsafeReadableBytes { $0.baseAddress } == address)
        var total = first.readableBytes
        while let part = stream.next() {
            #expect(part.readableBytes <= 65_536)
            total += part.readableBytes
        }
        #expect(total == text.utf8.count)
    }

    @Test func manyStuffedLines() {
        let text =
            String(repeating: ".\r\n", count: 50_000) + String(repeating: "y", count: 70_000) + "\r\n." + String(repeating: "z", count: 3000) + "\r\n"
        let expected =
            String(repeating: "..\r\n", count: 50_000) + String(repeating: "y", count: 70_000) + "\r\n.." + String(repeating: "z", count: 3000)
            + "\r\n"
        #expect(stuffed(SMTPContent(ByteBuffer(string: text))) == expected)
    }

    @Test func eightBit() {
        #expect(!SMTPContent(ByteBuffer(string: String(repeating: "a", count: 100))).contains8Bit)
        for position in 0..<70 {
            var bytes = [UInt8](repeating: 0x61, count: 70)
            bytes[position] = 0xC3
            #expect(SMTPContent(ByteBuffer(bytes: bytes)).contains8Bit)
        }
    }
}
