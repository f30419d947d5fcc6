/// A table of HTML; the first cell of each row is its heading.
package struct HTMLTable {
    package enum Tone: String {
        case plain, good, bad, warn, quiet
    }

    package struct Cell {
        var html: String
        var isNumber: Bool
        var tone: Tone

        /// Words.
        package static func text(_ text: String, _ tone: Tone = .plain) -> Cell {
            Cell(html: HTMLText.escape(text), isNumber: false, tone: tone)
        }

        /// A number with its unit, to the right.
        package static func number(_ text: String, _ tone: Tone = .plain) -> Cell {
            Cell(html: HTMLText.escape(text), isNumber: true, tone: tone)
        }

        /// A number and, below it in small letters, what belongs to it.
        package static func number(_ text: String, below: String) -> Cell {
            Cell(html: HTMLText.escape(text) + "<small>\(HTMLText.escape(below))</small>", isNumber: true, tone: .plain)
        }
    }

    var caption: String
    /// Beside the caption: how to read it.
    var note: String
    var columns: [Cell]
    var rows: [[Cell]] = []

    /// - Parameter columns: headings; those of numbers are to the right like them.
    package init(_ caption: String, note: String = "", columns: [Cell]) {
        self.caption = caption
        self.note = note
        self.columns = columns
    }

    package mutating func row(_ cells: Cell...) { rows.append(cells) }

    package mutating func row(_ cells: [Cell]) { rows.append(cells) }

    package var html: String {
        var out = "<p class=\"caption\">\(HTMLText.escape(caption))"
        if !note.isEmpty { out += " <span class=\"note\">\(HTMLText.escape(note))</span>" }
        // Not a `caption`, which would be as wide as the table and be cut where that is scrolled.
        out += "</p>\n<div class=\"table\"><table aria-label=\"\(HTMLText.escape(caption))\">\n<thead><tr>"
        for column in columns { out += "<th scope=\"col\"\(Self.attributes(column))>\(column.html)</th>" }
        out += "</tr></thead>\n<tbody>\n"
        for row in rows {
            out += "<tr>"
            for (index, cell) in row.enumerated() {
                let name = index == 0 ? "th" : "td"
                out += "<\(name)\(index == 0 ? " scope=\"row\"" : "")\(Self.attributes(cell))>\(cell.html)</\(name)>"
            }
            out += "</tr>\n"
        }
        return out + "</tbody>\n</table></div>\n"
    }

    private static func attributes(_ cell: Cell) -> String {
        let classes = (cell.isNumber ? ["n"] : []) + (cell.tone == .plain ? [] : [cell.tone.rawValue])
        return classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\""
    }
}
