/// What the page's script reads when a chart is pointed at: positions and the words to show there.
///
/// `{"time":84.2,"series":[{"name":"accepted","x":[0,11.9],"label":["p50","p90"],"text":["198/s","201/s"]}]}`: `x` is 0…1000 along the axis; `time` is the end of
/// a time axis, of which the script makes the label itself; `label` is there for other axes.
enum ChartData {
    static func json(_ chart: LineChart) -> String {
        var out = "{"
        if !chart.x.isLogarithmic { out += "\"time\":\(HTMLText.coordinate(chart.x.upper))," }
        out += "\"marks\":["
        out += chart.marks.map { mark in
            let words = [mark.number, mark.text].filter { !$0.isEmpty }.joined(separator: " ")
            let end = chart.x.position(mark.at + mark.seconds)
            return "[\(HTMLText.coordinate(chart.x.position(mark.at))),\(HTMLText.coordinate(end)),\(string(words))]"
        }.joined(separator: ",")
        out += "],\"series\":["
        out += chart.series.map { series in
            let points = series.points.filter { $0.y != nil }
            var object = "{\"name\":\(string(series.name)),\"x\":["
            object += points.map { HTMLText.coordinate(chart.x.position($0.x)) }.joined(separator: ",")
            if points.contains(where: { $0.label != nil }) {
                object += "],\"label\":[" + points.map { string($0.label ?? "") }.joined(separator: ",")
            }
            object += "],\"text\":[" + points.map { string(chart.unit.text($0.y ?? 0)) }.joined(separator: ",") + "]}"
            return object
        }.joined(separator: ",")
        return out + "]}"
    }

    /// A string of JSON.
    static func string(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\" + String(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}": out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
