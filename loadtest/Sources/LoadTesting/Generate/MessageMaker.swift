import ApusCore
import MailSink

/// Makes the messages of a run: each differs from the others, says who it is, and can be checked for any altered octet.
///
/// The body is a stretch of a text made once, beginning at a place of its own: making a message costs a copy and a hash, and no two compress to one.
package struct MessageMaker: Sendable {
    /// Octets of the longest head.
    private static let headCapacity = 1_024

    package let run: UInt32
    private let text: [UInt8]

    /// - Parameters:
    ///   - run: tells this run's messages from others'.
    ///   - largest: octets of the largest message.
    package init(run: UInt32, largest: Int) {
        self.run = run
        var random = SplitMix64(state: UInt64(run) &+ 1)
        var text: [UInt8] = []
        let wanted = max(largest, 64 << 10) + (64 << 10)
        text.reserveCapacity(wanted + 80)
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz etaoin shrdlu ".utf8)
        while text.count < wanted {
            // Lines of 76 octets. No dot begins one: stuffing is the systems' business, and would make sizes differ.
            for _ in 0..<76 { text.append(alphabet[Int(truncatingIfNeeded: random.next() >> 33) % alphabet.count]) }
            text.append(0x0D)
            text.append(0x0A)
        }
        self.text = text
    }

    /// Appends a message.
    ///
    /// - Parameters:
    ///   - size: octets of the whole message, about; never less than its head and one line.
    ///   - stamped: whether it brings its own `Date` and `Message-ID`. SES replaces them; mail servers would add them otherwise.
    package func write(
        sequence: UInt64, from: String, to: [String], size: Int, date: [UInt8], stamped: Bool, to output: inout [UInt8]
    ) {
        var head: [UInt8] = []
        head.reserveCapacity(Self.headCapacity)
        func field(_ name: StaticString, _ value: some Collection<UInt8>) {
            name.withUTF8Buffer { head.append(contentsOf: $0) }
            head.append(0x3A)
            head.append(0x20)
            head.append(contentsOf: value)
            head.append(0x0D)
            head.append(0x0A)
        }
        field("From", from.utf8)
        field("To", to.joined(separator: ",\r\n ").utf8)
        field("Subject", "Load \(sequence) of run \(run)".utf8)
        if stamped {
            field("Date", date)
            field("Message-ID", "<\(sequence).\(run)@load.test>".utf8)
        }
        field("MIME-Version", "1.0".utf8)
        field("Content-Type", "text/plain; charset=us-ascii".utf8)
        let stated = UInt16(clamping: head.count)
        let headHash = head.withUnsafeBytes { UInt32(truncatingIfNeeded: XXHash64.hash(UnsafeRawBufferPointer(rebasing: $0.prefix(Int(stated))))) }

        // Begins on a line's start, and ends with a line's end.
        let line = 78
        let start = Int(truncatingIfNeeded: (sequence &* 0x9E37_79B9_7F4A_7C15) >> 40) % ((64 << 10) / line) * line
        let wanted = max(size - head.count - LoadID.length - 15, line)
        var body = text[start..<min(start + wanted, text.count - 2)]
        while let last = body.last, last == 0x0A || last == 0x0D { body = body.dropLast() }
        var hash = XXHash64()
        body.withUnsafeBytes { hash.update($0) }
        let end: [UInt8] = [0x0D, 0x0A]
        end.withUnsafeBytes { hash.update($0) }
        let id = LoadID(run: run, sequence: sequence, headOctets: stated, head: headHash, body: hash.value)

        output.reserveCapacity(output.count + LoadID.length + 15 + head.count + body.count + 2)
        LoadID.field.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(0x3A)
        output.append(0x20)
        id.write(to: &output)
        output.append(contentsOf: end)
        output.append(contentsOf: head)
        output.append(contentsOf: end)
        output.append(contentsOf: body)
        output.append(contentsOf: end)
    }
}
