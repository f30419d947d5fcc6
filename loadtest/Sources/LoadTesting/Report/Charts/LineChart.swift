/// Lines over one axis, as a `figure` of HTML with the drawing as SVG.
///
/// The drawing has a fixed height and is as wide as its place: lines are stretched, labels are not. So a page is readable on a telephone and on paper.
package struct LineChart: Sendable {
    /// Unique on the page, of letters, digits and hyphens.
    package var id: String
    package var title: String
    /// What is beside the title: the unit, or how to read it.
    package var note: String
    package var unit: ChartUnit
    package var x: ChartAxis
    package var y: ChartAxis
    /// At most six, which is how many ways of drawing a line there are.
    package var series: [ChartSeries]
    package var marks: [ChartMark]

    private static let height = 190

    package init(
        id: String, title: String, note: String = "", unit: ChartUnit, x: ChartAxis, isLogarithmic: Bool = false, series: [ChartSeries],
        marks: [ChartMark] = []
    ) {
        self.id = id
        self.title = title
        self.note = note
        self.unit = unit
        self.x = x
        let values = series.lazy.flatMap(\.values)
        y = isLogarithmic ? .logarithmic(values, unit: unit) : .linear(upTo: values.max() ?? 0, unit: unit)
        self.series = series
        self.marks = marks.sorted { $0.at < $1.at }
    }

    package var html: String {
        let isEmpty = series.allSatisfy(\.values.isEmpty)
        var out = "<figure class=\"chart\"\(isEmpty ? "" : " data-chart=\"\(HTMLText.escape(ChartData.json(self)))\"")>\n<figcaption><h3>"
        out += HTMLText.escape(title) + "</h3>"
        if !note.isEmpty { out += " <span class=\"note\">\(HTMLText.escape(note))</span>" }
        out += "</figcaption>\n"
        if isEmpty { return out + "<p class=\"empty\">Nothing was measured.</p>\n</figure>\n" }
        out += legend + "<div class=\"plot\"><svg role=\"img\" aria-labelledby=\"\(id)-t \(id)-d\" width=\"100%\" height=\"\(Self.height)\">\n"
        out += "<title id=\"\(id)-t\">\(HTMLText.escape(title))</title><desc id=\"\(id)-d\">\(HTMLText.escape(spoken))</desc>\n"
        return out + grid + marksDrawn + lines + dots + "</svg></div>\n</figure>\n"
    }

    /// What the chart shows, for who cannot see it.
    var spoken: String {
        var sentences = series.map { series in
            guard let spread = FigureSpread(series.values) else { return "\(series.name): nothing measured." }
            return "\(series.name): from \(unit.text(spread.minimum)) to \(unit.text(spread.maximum)), median \(unit.text(spread.median))."
        }
        let faults = marks.count { $0.kind == .fault }
        if faults > 0 { sentences.append("\(ReportNumbers.counted(faults, "fault")) marked.") }
        return sentences.joined(separator: " ")
    }

    private var legend: String {
        guard series.count > 1 else { return "" }
        var out = "<ul class=\"legend\">"
        for (index, series) in series.enumerated() {
            out += "<li><svg width=\"26\" height=\"8\" aria-hidden=\"true\"><path class=\"line s\(index % 6 + 1)\" d=\"M1 4H25\"/></svg>"
            out += HTMLText.escape(series.name) + "</li>"
        }
        return out + "</ul>\n"
    }

    private var grid: String {
        var out = "<g class=\"axis\">"
        if y.ticks.first?.position != 0 { out += "<line class=\"grid\" x2=\"100%\" y1=\"100%\" y2=\"100%\"/>" }
        for tick in y.ticks {
            let at = HTMLText.percent(1000 - tick.position)
            out += "<line class=\"grid\" x2=\"100%\" y1=\"\(at)\" y2=\"\(at)\"/><text x=\"-7\" y=\"\(at)\" dy=\"4\" text-anchor=\"end\">"
            out += HTMLText.escape(tick.label) + "</text>"
        }
        for tick in x.ticks {
            let at = HTMLText.percent(tick.position)
            out += "<line class=\"tick\" x1=\"\(at)\" x2=\"\(at)\" y1=\"100%\" y2=\"\(Self.height + 4)\"/>"
            out += "<text x=\"\(at)\" y=\"\(Self.height + 17)\" text-anchor=\"middle\">\(HTMLText.escape(tick.label))</text>"
        }
        let title = x.title + (marks.contains { $0.kind == .phase } ? "; grey once it had ended" : "")
        return out + "<text x=\"50%\" y=\"\(Self.height + 33)\" text-anchor=\"middle\">\(HTMLText.escape(title))</text></g>\n"
    }

    /// Bands and lines of what happened, under the data.
    private var marksDrawn: String {
        guard !marks.isEmpty else { return "" }
        let positions = marks.map { x.position($0.at) }
        var (bands, lines, labels) = ("", "", "")
        for ((mark, position), label) in zip(zip(marks, positions), ChartLabels.place(marks, at: positions)) {
            let at = HTMLText.percent(position)
            let end = mark.kind == .phase ? 1000 : x.position(mark.at + mark.seconds)
            if end > position {
                bands += "<rect class=\"\(mark.kind)\" x=\"\(at)\" width=\"\(HTMLText.percent(end - position))\" height=\"100%\"/>"
            }
            lines += "<line class=\"mark \(mark.kind)\" x1=\"\(at)\" x2=\"\(at)\" y1=\"-3\" y2=\"100%\"/>"
            guard label != .none else { continue }
            labels += "<text class=\"mark \(mark.kind)\" x=\"\(at)\" y=\"-7\">\(HTMLText.escape(mark.number))"
            if label == .long { labels += "<tspan class=\"wide\"> \(HTMLText.escape(mark.text))</tspan>" }
            labels += "</text>"
        }
        // Many lines must not hide what they are there to explain.
        return "\(bands)<g opacity=\"\(marks.count > 12 ? "0.5" : "1")\">\(lines)</g>\(labels)\n"
    }

    private var lines: String {
        var out = "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\" overflow=\"visible\">"
        // The first line has no gaps: dashes drawn over it leave both to be seen.
        for (index, series) in series.enumerated() {
            let path = segments(series).filter { !Self.isDot($0) }.map { "M" + $0.joined(separator: "L") }.joined()
            if !path.isEmpty { out += "<path class=\"line s\(index % 6 + 1)\" d=\"\(path)\"/>" }
        }
        return out + "</svg>\n"
    }

    /// Values that stand alone, between gaps: a line of no length would not be seen.
    private var dots: String {
        var out = ""
        for (index, series) in series.enumerated() {
            for segment in segments(series) where Self.isDot(segment) {
                let place = segment[0].split(separator: " ").map { HTMLText.percent(Double($0) ?? 0) }
                out += "<circle class=\"s\(index % 6 + 1)\" cx=\"\(place[0])\" cy=\"\(place[1])\" r=\"1.25\" fill=\"none\" stroke-width=\"2.5\"/>"
            }
        }
        return out.isEmpty ? "" : out + "\n"
    }

    /// Coordinates of the points between gaps.
    private func segments(_ series: ChartSeries) -> [[String]] {
        series.points.split { $0.y == nil }.map { points in
            points.map { point in
                HTMLText.coordinate(x.position(point.x)) + " " + HTMLText.coordinate(1000 - y.position(point.y ?? 0))
            }
        }
    }

    private static func isDot(_ segment: [String]) -> Bool { segment.allSatisfy { $0 == segment[0] } }
}
