import Foundation

/// Reads the output of `strace -f`.
package struct SystemCallTrace: Sendable {
    /// In the order of their ends.
    package let calls: [SystemCall]

    /// - Parameter file: what `strace -o` wrote.
    package init(file: String) throws {
        self.init(lines: String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self).utf8.split(separator: UInt8(ascii: "\n")))
    }

    /// - Parameter text: the lines of a trace.
    package init(text: String) {
        self.init(lines: text.utf8.split(separator: UInt8(ascii: "\n")))
    }

    private init(lines: [Substring.UTF8View]) {
        var calls: [SystemCall] = []
        var unfinished: [Substring: (name: Substring, arguments: Substring, line: Int)] = [:]
        for (number, bytes) in lines.enumerated() {
            let line = Substring(bytes)
            guard let space = line.utf8.firstIndex(of: UInt8(ascii: " ")) else { continue }
            let process = line[..<space]
            var rest = line[space...].drop { $0 == " " }
            if rest.hasPrefix("<... ") {
                // `<... write resumed>) = 5` or, with what an input call brought, `<... read resumed>"x", 9) = 1`.
                guard let (name, arguments, begin) = unfinished.removeValue(forKey: process), let close = Self.find(" resumed>", in: rest) else {
                    continue
                }
                let tail = rest[close.upperBound...]
                guard let equals = Self.lastResult(in: tail) else { continue }
                calls.append(
                    SystemCall(
                        name: String(name), arguments: String(arguments + tail[..<equals.lowerBound]), begin: begin, end: number,
                        result: Self.number(tail[equals.upperBound...])))
                continue
            }
            // With -t there is a time first.
            if let first = rest.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
                let next = rest.utf8.firstIndex(of: UInt8(ascii: " "))
            {
                rest = rest[next...].drop { $0 == " " }
            }
            guard let open = rest.utf8.firstIndex(of: UInt8(ascii: "(")) else { continue }
            let name = rest[..<open]
            let inner = rest[rest.utf8.index(after: open)...]
            if inner.hasSuffix(Self.unfinishedMark) {
                unfinished[process] = (name, inner.dropLast(Self.unfinishedMark.count), number)
            } else if let equals = Self.lastResult(in: inner) {
                calls.append(
                    SystemCall(
                        name: String(name), arguments: String(inner[..<equals.lowerBound]), begin: number, end: number,
                        result: Self.number(inner[equals.upperBound...])))
            }
        }
        self.calls = calls
    }

    /// The `)`, spaces, `= ` before the result.
    private static func lastResult(in text: Substring) -> Range<Substring.Index>? {
        guard let equals = Self.findLast(" = ", in: text), let close = text[..<equals.lowerBound].utf8.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        return close..<equals.upperBound
    }

    private static func number(_ text: Substring) -> Int? {
        Int(text.prefix { $0 == "-" || $0.isNumber })
    }

    private static let unfinishedMark = " <unfinished ...>"

    /// The first place of `text`. By bytes: lines hold megabytes.
    private static func find(_ text: String, in whole: Substring) -> Range<Substring.Index>? {
        var start = whole.startIndex
        while start != whole.endIndex {
            if whole[start...].utf8.starts(with: text.utf8) { return start..<whole.utf8.index(start, offsetBy: text.utf8.count) }
            start = whole.utf8.index(after: start)
        }
        return nil
    }

    /// The last place of `text`, from the end on.
    private static func findLast(_ text: String, in whole: Substring) -> Range<Substring.Index>? {
        var start = whole.endIndex
        while start != whole.startIndex {
            start = whole.utf8.index(before: start)
            if whole[start...].utf8.starts(with: text.utf8) { return start..<whole.utf8.index(start, offsetBy: text.utf8.count) }
        }
        return nil
    }
}
