/// The same scenario on several systems, in alternating rounds: the content of `comparison.json`.
package struct ComparisonReport: Sendable, Codable {
    package var format = 1
    package var scenario: String
    package var summary: String
    package var machine: LoadReport.Machine
    /// Unix time, seconds.
    package var startedAt: Double
    package var rounds: Int
    /// The first is what the others are compared with.
    package var contenders: [Contender]
    /// Contenders that were asked for and could not run: name and reason.
    package var absent: [String]

    package struct Contender: Sendable, Codable {
        package var system: MailSystemDescription
        /// One report a round, in order.
        package var reports: [LoadReport]

        package init(system: MailSystemDescription, reports: [LoadReport]) {
            self.system = system
            self.reports = reports
        }
    }

    package init(
        scenario: String, summary: String, machine: LoadReport.Machine, startedAt: Double, rounds: Int, contenders: [Contender], absent: [String]
    ) {
        self.scenario = scenario
        self.summary = summary
        self.machine = machine
        self.startedAt = startedAt
        self.rounds = rounds
        self.contenders = contenders
        self.absent = absent
    }
}
