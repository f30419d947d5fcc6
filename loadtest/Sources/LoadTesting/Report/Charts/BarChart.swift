/// One figure of several systems: a bar to the median, a whisker from least to greatest, a dot a round.
package struct BarChart: Sendable {
    package struct Bar: Sendable {
        package var name: String
        /// nil when it was not measured.
        package var spread: FigureSpread?

        package init(name: String, spread: FigureSpread?) {
            self.name = name
            self.spread = spread
        }
    }

    /// Unique on the page, of letters, digits and hyphens.
    package var id: String
    package var figure: ComparisonFigure
    package var bars: [Bar]

    private static let row = 42

    package init(id: String, figure: ComparisonFigure, bars: [Bar]) {
        self.id = id
        self.figure = figure
        self.bars = bars
    }

    package var html: String {
        let greatest = bars.compactMap(\.spread?.maximum).max() ?? 0
        var out = "<figure class=\"bars\">\n<figcaption><h3>\(HTMLText.escape(figure.title))</h3> <span class=\"note\">"
        out += figure.moreIsBetter ? "more is better" : "less is better"
        out += "</span></figcaption>\n<svg role=\"img\" aria-labelledby=\"\(id)-t \(id)-d\" width=\"100%\" height=\"\(bars.count * Self.row)\">\n"
        out += "<title id=\"\(id)-t\">\(HTMLText.escape(figure.title))</title><desc id=\"\(id)-d\">\(HTMLText.escape(spoken))</desc>\n"
        for (index, bar) in bars.enumerated() {
            out += row(bar, index: index, greatest: greatest)
        }
        return out + "</svg>\n</figure>\n"
    }

    /// What the chart shows, for who cannot see it.
    var spoken: String {
        bars.map { bar in
            guard let spread = bar.spread else { return "\(bar.name): not measured." }
            return "\(bar.name): \(figure.text(spread.median)), from \(figure.text(spread.minimum)) to \(figure.text(spread.maximum))."
        }.joined(separator: " ")
    }

    private func row(_ bar: Bar, index: Int, greatest: Double) -> String {
        let top = index * Self.row
        let middle = top + 27
        var out = "<text class=\"name\" y=\"\(top + 13)\">\(HTMLText.escape(bar.name))</text>"
        guard let spread = bar.spread else { return out + "<text class=\"value\" y=\"\(middle + 4)\">not measured</text>\n" }
        // A quarter of the width is left for the value.
        let at = { (value: Double) in HTMLText.percent(greatest > 0 ? max(value, 0) / greatest * 750 : 0) }
        out += "<rect class=\"bar s\(index % 6 + 1)\" y=\"\(middle - 8)\" height=\"16\" width=\"\(at(spread.median))\"/>"
        if spread.values.count > 1 {
            let (low, high) = (at(spread.minimum), at(spread.maximum))
            out += "<g class=\"whisker\"><line x1=\"\(low)\" x2=\"\(high)\" y1=\"\(middle)\" y2=\"\(middle)\"/>"
            for end in [low, high] { out += "<line x1=\"\(end)\" x2=\"\(end)\" y1=\"\(middle - 5)\" y2=\"\(middle + 5)\"/>" }
            for value in spread.values { out += "<circle cx=\"\(at(value))\" cy=\"\(middle)\" r=\"2.25\"/>" }
            out += "</g>"
        }
        return out + "<text class=\"value\" x=\"\(at(max(spread.maximum, spread.median)))\" dx=\"9\" y=\"\(middle + 4)\">"
            + "\(HTMLText.escape(figure.text(spread.median)))</text>\n"
    }
}
