import MailAuthentication

/// The ranges of a message's DKIM-Signature fields, found apart from the code under test.
func signatureFields(of message: [UInt8]) -> [Range<Int>] {
    var fields = [Range<Int>]()
    var start = 0
    var position = 0
    func isStart(_ at: Int) -> Bool { message[at...].starts(with: "DKIM-Signature:".utf8) }
    while position < message.count {
        guard message[position] == 0x0A else {
            position += 1
            continue
        }
        position += 1
        let isFolded = position < message.count && (message[position] == 0x20 || message[position] == 0x09)
        if isFolded { continue }
        if isStart(start) { fields.append(start..<position) }
        if message[position...].starts(with: "\r\n".utf8) { break }
        start = position
    }
    return fields
}

/// Where the body starts: after the first empty line.
func bodyStart(of message: [UInt8]) -> Int? {
    message.indices.first { message[$0...].starts(with: "\r\n\r\n".utf8) }.map { $0 + 4 }
}

/// Base 64 without white space, for vectors.
func decode(_ text: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bits = 0
    var held = 0
    var output = [UInt8]()
    for character in text.utf8 {
        guard let value = alphabet.firstIndex(of: character) else { continue }
        bits = bits << 6 | value
        held += 6
        if held >= 8 {
            held -= 8
            output.append(UInt8(truncatingIfNeeded: bits >> held))
        }
    }
    return output
}

extension String {
    /// The bytes with every line end made CRLF.
    var crlf: [UInt8] { utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] } }
}

/// A deterministic source of numbers, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
