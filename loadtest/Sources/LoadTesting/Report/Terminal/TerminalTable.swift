/// Columns of words, to the left, and of numbers, to the right, each as wide as its widest cell.
struct TerminalTable {
    private static let gap = "  "

    /// Columns of words at the beginning of a row; the rest are numbers.
    var wordColumns = 1
    /// Most that a column of words is wide.
    var widestWord = 28
    private(set) var rows: [[String]] = []

    init(_ heading: [String], wordColumns: Int = 1) {
        self.wordColumns = wordColumns
        row(heading)
    }

    mutating func row(_ cells: [String]) {
        rows.append(
            cells.enumerated().map { $0.offset < wordColumns ? TerminalText.clip($0.element, to: widestWord) : TerminalText.clean($0.element) })
    }

    /// Nothing when there is only the heading.
    var lines: [String] {
        guard rows.count > 1 else { return [] }
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let line = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < wordColumns ? cell + space : space + cell
            }.joined(separator: Self.gap)
            return TerminalText.clip(line, to: TerminalText.columns)
        }
    }
}
