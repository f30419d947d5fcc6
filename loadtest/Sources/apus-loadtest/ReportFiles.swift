import FoundationEssentials
import LoadTesting

/// What a run leaves in its folder.
enum ReportFiles {
    static func write(_ report: ComparisonReport, to folder: String) throws {
        try ReportJSON.write(report, to: "\(folder)/comparison.json")
        try Data(ComparisonPage.html(report).utf8).write(to: URL(filePath: "\(folder)/comparison.html"))
        try Data(ReportMarkdown.markdown(report).utf8).write(to: URL(filePath: "\(folder)/comparison.md"))
    }

    static func write(_ report: LoadReport, to folder: String) throws {
        try ReportJSON.write(report, to: "\(folder)/report.json")
        try Data(ReportPage.html(report).utf8).write(to: URL(filePath: "\(folder)/report.html"))
    }
}
