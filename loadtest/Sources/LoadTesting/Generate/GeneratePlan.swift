import MailSink
import FoundationEssentials

/// What `generate --plan` reads: streams, and the number that marks their messages.
package struct GeneratePlan: Sendable, Codable {
    package var streams: [LoadStream]
    package var run: UInt32?

    package init(streams: [LoadStream], run: UInt32?) {
        self.streams = streams
        self.run = run
    }

    private enum CodingKeys: String, CodingKey, CaseIterable { case streams, run }

    package init(from decoder: any Decoder) throws {
        try StrictKeys.check(decoder, CodingKeys.self)
        let values = try decoder.container(keyedBy: CodingKeys.self)
        streams = try values.decode([LoadStream].self, forKey: .streams)
        run = try values.decodeIfPresent(UInt32.self, forKey: .run)
    }

    /// Reads a plan.
    ///
    /// - Throws: ``LoadTestError`` that names the key.
    package init(contentsOfFile path: String) throws(LoadTestError) {
        guard let data = FileManager.default.contents(atPath: path) else { throw LoadTestError(.invalidScenario, "cannot read the plan \(path)") }
        do {
            self = try JSONDecoder().decode(GeneratePlan.self, from: data)
        } catch let error as LoadTestError {
            throw error
        } catch let error as DecodingError {
            throw LoadTestError(.invalidScenario, "plan \(path): \(StrictKeys.explain(error))")
        } catch {
            throw LoadTestError(.invalidScenario, "plan \(path) cannot be read")
        }
    }
}
