/// Lines of a terminal of 100 columns: plain text, whatever names and messages hold.
enum TerminalText {
    static let columns = 100

    /// Without control characters, of which some would move the cursor or change colours; a line break becomes a space.
    static func clean(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: out += " "
            case .format, .surrogate, .privateUse, .unassigned: out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Cut to so many columns, which an ellipsis then says.
    static func clip(_ text: String, to width: Int) -> String {
        let text = clean(text)
        return text.count <= width ? text : text.prefix(max(width - 1, 0)) + "…"
    }

    /// A label in its own column and a text beside it, broken at spaces, in at most so many lines; nothing for an empty text.
    static func field(_ label: String, _ text: String, width: Int = 12, atMost limit: Int = 3) -> [String] {
        let lines = wrap(text, to: columns - width, atMost: limit)
        return lines.enumerated().map { index, line in pad(index == 0 ? label : "", to: width) + line }
    }

    /// A text broken at spaces. What has no room in the last line is cut.
    static func wrap(_ text: String, to width: Int = columns, atMost limit: Int = 3) -> [String] {
        var lines: [String] = []
        for word in clean(text).split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width || lines.count == limit {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.map { clip($0, to: width) }
    }

    /// Filled with spaces at its end.
    static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }
}
