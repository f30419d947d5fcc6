/// A mail system that somebody else started: an entrance, and nothing more is known or done.
package struct OutsideSystem: MailSystem {
    package let entrance: LoadEntrance

    package init(entrance: LoadEntrance) {
        self.entrance = entrance
    }

    package var description: MailSystemDescription {
        let (name, way) =
            switch entrance {
            case .ses(let entrance): ("\(entrance.host):\(entrance.port)", "SES v2 SendEmail, raw content")
            case .smtp(let host, let port): ("\(host):\(port)", "SMTP")
            }
        return MailSystemDescription(
            name: name, version: "unknown", entrance: way, durability: "unknown", signing: "unknown",
            notes: ["not started by this run: its processes are not measured, and no fault is injected into them"])
    }

    package var processIDs: [Int32] { [] }
    package func start() async throws {}
    package func stop(within limit: Duration) async throws {}
    package func kill() async throws { throw Self.notOurs }
    package func suspend() throws { throw Self.notOurs }
    package func resume() throws { throw Self.notOurs }
    package func queueDepth() async throws -> Int? { nil }
    package func outcomes() async throws -> SystemOutcomes? { nil }
    package func remove() async {}

    private static let notOurs = LoadTestError(
        .invalidScenario, "a run does not kill or stop what it did not start: take the faults out of the scenario")
}
