/// A table of GitHub's Markdown.
struct MarkdownTable {
    private var lines: [String]

    /// - Parameter wordColumns: columns of words at the beginning, to the left; the rest are numbers, to the right.
    init(_ heading: [String], wordColumns: Int = 1) {
        lines = [Self.line(heading), "|" + heading.indices.map { $0 < wordColumns ? " --- |" : " ---: |" }.joined()]
    }

    mutating func row(_ cells: [String]) { lines.append(Self.line(cells)) }

    /// With an empty line after it; nothing when it has no row.
    var markdown: String {
        lines.count > 2 ? lines.joined(separator: "\n") + "\n\n" : ""
    }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.map(MarkdownText.escape).joined(separator: " | ") + " |"
    }
}
