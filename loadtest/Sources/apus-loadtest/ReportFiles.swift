import FoundationEssentials
import LoadTesting

/// What a run leaves in its folder.
enum ReportFiles {
    static func write(_ report: LoadReport, to folder: String) throws {
        try ReportJSON.write(report, to: "\(folder)/report.json")
        try Data(ReportPage.html(report).utf8).write(to: URL(filePath: "\(folder)/report.html"))
    }
}
