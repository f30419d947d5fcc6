/// Finds every phrase of a fixed set in a text in one pass: the automaton of Aho and Corasick (1975) over lower-case ASCII.
///
/// A storm of refusals must not cost more than the mail it refuses, so the work per reply is one table step per octet, however many
/// phrases there are.
struct PhraseMatcher: Sendable {
    /// Octets are folded into 64 classes: letters, digits, the few signs that phrases use, and the rest.
    private static let classes = 64
    /// `state × classes + class` → next state.
    private var next: [UInt16]
    /// What has been seen when a state is reached.
    private var found: [ReplySignals]

    /// - Parameter phrases: lower-case ASCII, not empty; together at most 60,000 octets.
    init(_ phrases: [(phrase: StaticString, signals: ReplySignals)]) {
        var children: [[Int: Int]] = [[:]]
        var found: [ReplySignals] = [[]]
        for (phrase, signals) in phrases {
            var state = 0
            phrase.withUTF8Buffer { bytes in
                for byte in bytes {
                    let symbol = Self.symbol(byte)
                    if let known = children[state][symbol] {
                        state = known
                    } else {
                        children.append([:])
                        found.append([])
                        children[state][symbol] = children.count - 1
                        state = children.count - 1
                    }
                }
            }
            found[state].formUnion(signals)
        }
        // Breadth first: a state's failure link is shorter than the state, so it is complete when the state is reached.
        var next = [UInt16](repeating: 0, count: children.count * Self.classes)
        var failure = [Int](repeating: 0, count: children.count)
        var queue = [0]
        var position = 0
        while position < queue.count {
            let state = queue[position]
            position += 1
            found[state].formUnion(found[failure[state]])
            for symbol in 0..<Self.classes {
                let fallback = state == 0 ? 0 : Int(next[failure[state] * Self.classes + symbol])
                if let child = children[state][symbol] {
                    failure[child] = fallback
                    next[state * Self.classes + symbol] = UInt16(child)
                    queue.append(child)
                } else {
                    next[state * Self.classes + symbol] = UInt16(fallback)
                }
            }
        }
        self.next = next
        self.found = found
    }

    /// Everything that the text speaks of.
    ///
    /// - Parameter text: in any case; a line end counts as a space, and an enhanced status code at the start of a line is left out, so that a
    ///   phrase is found across lines of a reply.
    func signals(in text: some Sequence<UInt8>) -> ReplySignals {
        var result: ReplySignals = []
        var state = 0
        var lineStart = LineStart.code
        var previousIsSpace = true
        for byte in text {
            if byte == 0x0A {
                lineStart = .code
            } else if lineStart == .code {
                // "5.7.26 " at the start of a line; anything else begins the text.
                if byte == 0x2E || (0x30...0x39).contains(byte) || byte == 0x20 { continue }
                lineStart = .text
            }
            let isSpace = byte == 0x20 || byte == 0x09 || byte == 0x0A
            if isSpace, previousIsSpace { continue }
            previousIsSpace = isSpace
            state = Int(self.next[state * Self.classes + Self.symbol(byte)])
            result.formUnion(self.found[state])
        }
        return result
    }

    private enum LineStart {
        case code, text
    }

    /// The class of an octet.
    private static func symbol(_ byte: UInt8) -> Int {
        switch byte {
        case 0x61...0x7A: Int(byte - 0x61)
        case 0x41...0x5A: Int(byte - 0x41)
        case 0x30...0x39: Int(byte - 0x30) + 26
        case 0x20, 0x09, 0x0A: 36
        case 0x27: 37
        case 0x2D: 38
        case 0x3A: 39
        case 0x2C: 40
        case 0x5B: 41
        case 0x5D: 42
        case 0x28: 43
        case 0x29: 44
        default: 45
        }
    }
}
