import NIOCore
import SMTPProtocol
import Testing

@Suite struct DataDecoderTests {
    private struct Outcome: Equatable {
        var content = ""
        var end: String
        var rest = ""
    }

    private func decode(_ chunks: [ByteBuffer], maximumLineOctets: Int? = nil) -> Outcome {
        var decoder = SMTPDataDecoder(maximumLineOctets: maximumLineOctets)
        var buffer = ByteBuffer()
        var content = ByteBuffer()
        for (index, var chunk) in chunks.enumerated() {
            buffer.writeBuffer(&chunk)
            reading: while true {
                switch decoder.next(&buffer) {
                case .content(var slice): content.writeBuffer(&slice)
                case .needMore:
                    #expect(buffer.readableBytes <= 2)
                    break reading
                case .end:
                    for var more in chunks[(index + 1)...] { buffer.writeBuffer(&more) }
                    return Outcome(content: String(buffer: content), end: "end", rest: String(buffer: buffer))
                case .bareLineEnding: return Outcome(end: "bare")
                case .lineTooLong: return Outcome(end: "long")
                }
            }
        }
        return Outcome(content: String(buffer: content), end: "more")
    }

    private func everySplit(_ text: String, _ expected: Outcome, maximumLineOctets: Int? = nil) {
        let all = ByteBuffer(string: text)
        for first in 0...all.readableBytes {
            for second in first...all.readableBytes {
                let chunks = [
                    all.getSlice(at: 0, length: first), all.getSlice(at: first, length: second - first),
                    all.getSlice(at: second, length: all.readableBytes - second),
                ].compactMap { $0 }
                #expect(decode(chunks, maximumLineOctets: maximumLineOctets) == expected, "split at \(first), \(second)")
            }
        }
        #expect(decode((0..<all.readableBytes).compactMap { all.getSlice(at: $0, length: 1) }, maximumLineOctets: maximumLineOctets) == expected)
    }

    @Test(arguments: [
        (".\r\n", "", ""), ("a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n"), ("..\r\n.\r\n", ".\r\n", ""), ("...a\r\n.\r\n", "..a\r\n", ""),
        (".a\r\n.\r\n", "a\r\n", ""),
        ("\r\n.\r\n", "\r\n", ""), ("a.\r\nb\r\n..\r\n..\r\n\r\n.\r\n.\r\n", "a.\r\nb\r\n.\r\n.\r\n\r\n", ".\r\n"),
        ("a\r\n.b\r\n\r\n.\r\n", "a\r\nb\r\n\r\n", ""),
    ])
    func wellFormed(_ text: String, _ content: String, _ rest: String) {
        everySplit(text, Outcome(content: content, end: "end", rest: rest))
    }

    /// Endings that other servers have been seen to take for the end of the content (SMTP smuggling). None may end it here.
    static let smuggling = [
        "\n.\n", "\n.\r\n", "\r.\r\n", "\r.\r", "\r\n.\r", "\r\n.\n", "\n.\r", "\r.\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n", "\n\n.\r\n", "\r\n\n.\r\n",
        "\r\n.\n\r\n",
    ]

    @Test(arguments: smuggling) func bareLineEndings(_ ending: String) {
        everySplit("a" + ending + "MAIL FROM:<evil@example.com>\r\n", Outcome(end: "bare"))
    }

    /// A NUL is no line ending: the line is content.
    @Test func nul() {
        everySplit("a\r\n\0.\r\nb\r\n.\r\n", Outcome(content: "a\r\n\0.\r\nb\r\n", end: "end"))
        everySplit("a\r\n.\0\r\nb\r\n.\r\n", Outcome(content: "a\r\n\0\r\nb\r\n", end: "end"))
    }

    @Test func lineLimit() {
        everySplit("12345678\r\n.\r\n", Outcome(content: "12345678\r\n", end: "end"), maximumLineOctets: 10)
        everySplit("123456789\r\n.\r\n", Outcome(end: "long"), maximumLineOctets: 10)
        everySplit("..2345678\r\n.\r\n", Outcome(content: ".2345678\r\n", end: "end"), maximumLineOctets: 10)
    }
}
