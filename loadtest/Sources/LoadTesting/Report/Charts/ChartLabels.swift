/// Which marks of a chart are labelled (faults; a phase is explained at the axis), so that no label touches the next, in a wide window and in a narrow one.
enum ChartLabels {
    enum Label: Hashable {
        case none
        /// Its number alone, everywhere.
        case short
        /// Number and text in a wide window, the number alone in a narrow one.
        case long
    }

    /// Widths of the plot in pixels that must do, and of a character.
    private static let wide = 440.0
    private static let narrow = 280.0
    private static let character = 6.2
    private static let gap = 6.0

    /// - Parameter positions: of the marks, 0…1000, ascending.
    static func place(_ marks: [ChartMark], at positions: [Double]) -> [Label] {
        var labels: [Label] = []
        var end = (wide: -Double.infinity, narrow: -Double.infinity)
        for (index, mark) in marks.enumerated() {
            let at = (wide: positions[index] / 1000 * wide, narrow: positions[index] / 1000 * narrow)
            let next = (index + 1..<marks.count).first { marks[$0].kind == .fault }.map { positions[$0] / 1000 * wide } ?? wide + 12
            guard mark.kind == .fault else {
                labels.append(.none)
                continue
            }
            let short = Double(mark.number.count) * character
            let long = Double(mark.number.count + 1 + mark.text.count) * character
            if at.wide >= end.wide, at.narrow >= end.narrow, at.wide + long + gap <= next {
                labels.append(.long)
                end = (at.wide + long + gap, at.narrow + short + gap)
            } else if at.wide >= end.wide, at.narrow >= end.narrow {
                labels.append(.short)
                end = (at.wide + short + gap, at.narrow + short + gap)
            } else {
                labels.append(.none)
            }
        }
        return labels
    }
}
