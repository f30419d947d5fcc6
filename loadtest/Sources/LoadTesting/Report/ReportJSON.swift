internal import FoundationEssentials

/// `report.json` and `comparison.json`: UTF-8, indented, keys sorted, so that two of them can be told apart by `diff`.
///
/// A number that is not finite becomes the string `NaN`, `Infinity` or `-Infinity`: an hour's run is not thrown away over one division.
package enum ReportJSON {
    package static func encode(_ report: LoadReport) throws -> [UInt8] { try bytes(report) }

    package static func encode(_ report: ComparisonReport) throws -> [UInt8] { try bytes(report) }

    /// - Throws: ``LoadTestError`` with `damagedRecords` for what is not a report of this format.
    package static func decodeReport(_ bytes: [UInt8]) throws -> LoadReport {
        try value(bytes)
    }

    /// - Throws: ``LoadTestError`` with `damagedRecords` for what is not a comparison of this format.
    package static func decodeComparison(_ bytes: [UInt8]) throws -> ComparisonReport {
        try value(bytes)
    }

    /// Writes a file, new or over the old one, all of it or nothing.
    ///
    /// - Throws: ``LoadTestError`` with `unavailable` when the file cannot be written.
    package static func write(_ report: LoadReport, to path: String) throws {
        try write(bytes(report), to: path)
    }

    /// Writes a file, new or over the old one, all of it or nothing.
    ///
    /// - Throws: ``LoadTestError`` with `unavailable` when the file cannot be written.
    package static func write(_ report: ComparisonReport, to path: String) throws {
        try write(bytes(report), to: path)
    }

    /// - Throws: ``LoadTestError``: `unavailable` when it cannot be read, `damagedRecords` when it is something else.
    package static func readReport(_ path: String) throws -> LoadReport {
        try decodeReport(contents(path))
    }

    /// - Throws: ``LoadTestError``: `unavailable` when it cannot be read, `damagedRecords` when it is something else.
    package static func readComparison(_ path: String) throws -> ComparisonReport {
        try decodeComparison(contents(path))
    }

    /// What every version of these files has.
    private struct Head: Decodable {
        var format: Int
    }

    private static let format = 1
    private static let names = (infinity: "Infinity", minus: "-Infinity", none: "NaN")

    private static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: names.infinity, negativeInfinity: names.minus, nan: names.none)
        return try Array(encoder.encode(value)) + [0x0A]
    }

    private static func value<Value: Decodable>(_ bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: names.infinity, negativeInfinity: names.minus, nan: names.none)
        let data = Data(bytes)
        do {
            let found = try decoder.decode(Head.self, from: data).format
            guard found == format else {
                throw LoadTestError(.damagedRecords, "the report is of format \(found); this version reads format \(format)")
            }
            return try decoder.decode(Value.self, from: data)
        } catch let error as DecodingError {
            throw LoadTestError(.damagedRecords, "not a report: \(error)")
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw LoadTestError(.unavailable, "cannot write \(path): \(error)")
        }
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        do {
            return try Array(Data(contentsOf: URL(filePath: path)))
        } catch {
            throw LoadTestError(.unavailable, "cannot read \(path): \(error)")
        }
    }
}
