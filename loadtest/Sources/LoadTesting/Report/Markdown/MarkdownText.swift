/// Text as Markdown.
enum MarkdownText {
    /// A text in one line, in which nothing is markup.
    static func escape(_ text: String) -> String {
        var out = ""
        var before: Unicode.Scalar = " "
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\\", "|", "*", "`", "[", "]", "~", "$": out += "\\" + String(scalar)
            case "_":
                // Within a word it is no markup: `default_process_limit`.
                let isInside = before.isWord && index + 1 < scalars.count && scalars[index + 1].isWord
                out += isInside ? "_" : "\\_"
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "#", "+", "-", "=": out += out.isEmpty ? "\\" + String(scalar) : String(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": out += " "
            default: out.unicodeScalars.append(scalar)
            }
            before = scalar
        }
        return out
    }

    static func heading(_ level: Int, _ text: String) -> String {
        String(repeating: "#", count: level) + " " + escape(text.split(separator: " ").joined(separator: " ")) + "\n\n"
    }

    /// Nothing for an empty text.
    static func paragraph(_ text: String) -> String {
        text.isEmpty ? "" : escape(text) + "\n\n"
    }

    /// A paragraph that begins with words in bold.
    static func paragraph(strong: String, _ text: String = "") -> String {
        "**\(escape(strong))**" + (text.isEmpty ? "" : " " + escape(text)) + "\n\n"
    }

    /// What must not be overlooked, as GitHub shows it.
    static func warning(_ heading: String, _ text: String) -> String {
        "> [!WARNING]\n> " + paragraph(strong: heading, text)
    }

    static func list(_ items: [String]) -> String {
        items.isEmpty ? "" : items.map { "- \(escape($0))\n" }.joined() + "\n"
    }

    /// `- **Machine**: 2 cores`, one a pair; a pair without a value is left out.
    static func facts(_ pairs: [(String, String)]) -> String {
        let shown = pairs.filter { !$0.1.isEmpty }
        return shown.isEmpty ? "" : shown.map { "- **\(escape($0.0))**: \(escape($0.1))\n" }.joined() + "\n"
    }
}

extension Unicode.Scalar {
    fileprivate var isWord: Bool { properties.isAlphabetic || properties.numericType != nil || self == "_" }
}
