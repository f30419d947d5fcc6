/// A system call in strace's output. Lines are in the order in which the tracer saw things; a tracee stands still while it is
/// looked at, so what caused what is in that order too.
package struct SystemCall: Hashable, Sendable {
    package let name: String
    /// Arguments as written, descriptors with what they stand for, strings escaped.
    package let arguments: String
    /// The line of its beginning.
    package let begin: Int
    /// The line of its end.
    package let end: Int
    /// What it returned; nil when that is no number.
    package let result: Int?

    /// What stands between `<` and `>` behind the first argument: a path or a socket's addresses.
    package var target: Substring {
        guard let open = self.arguments.firstIndex(of: "<") else { return "" }
        let rest = self.arguments[self.arguments.index(after: open)...]
        // `<TCP:[127.0.0.1:1->127.0.0.1:2]>` has an arrow inside.
        let close = rest.hasPrefix("TCP") ? rest.range(of: "]>")?.lowerBound : rest.firstIndex(of: ">")
        return close.map { rest[..<$0] } ?? ""
    }

    /// The first argument in quotes: the path, where a call takes one.
    package var path: Substring? {
        guard let open = self.arguments.utf8.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let rest = self.arguments[self.arguments.utf8.index(after: open)...]
        return rest.utf8.firstIndex(of: UInt8(ascii: "\"")).map { rest[..<$0] }
    }
}

extension Substring {
    /// Where `text` begins first, by comparing bytes.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = self.utf8.startIndex
        while start != self.utf8.endIndex {
            if self[start...].utf8.starts(with: text.utf8) { return start..<self.utf8.index(start, offsetBy: text.utf8.count) }
            start = self.utf8.index(after: start)
        }
        return nil
    }
}
