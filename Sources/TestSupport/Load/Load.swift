import ChildProcesses
import Synchronization

/// A closed loop of senders: each makes its next call when the last one is over. A call is never made again, so that a copy
/// is always the service's doing.
package final class Load: Sendable {
    private struct State {
        /// nil while no server is there.
        var address: String?
        /// Counts the servers, so that a sender whose call failed waits for the next one and does not hammer a dead one.
        var generation = 0
        var isStopping = false
    }

    package let ledger = LoadLedger()
    private let state = Mutex(State())
    private let changed = ChangeSignal()
    private let client: SESClient
    private let senders: Int
    private let sender: String
    private let recipients: @Sendable (String) -> [String]
    private let size: @Sendable (String) -> Int

    /// - Parameters:
    ///   - senders: how many calls are open at once.
    ///   - sender: the From address.
    ///   - size: bytes of the message of a load id, about.
    ///   - recipients: the recipients of the message of a load id.
    package init(
        client: SESClient, senders: Int, sender: String = "load@example.com", size: @escaping @Sendable (String) -> Int = { _ in 2_000 },
        recipients: @escaping @Sendable (String) -> [String] = { ["\($0)@remote.test"] }
    ) {
        self.client = client
        self.senders = senders
        self.sender = sender
        self.size = size
        self.recipients = recipients
    }

    /// Runs the senders while `body` runs; calls that are open at its end are waited for. May be called again.
    package func run(on address: String, while body: @escaping @Sendable () async throws -> Void) async throws {
        self.state.withLock { $0.isStopping = false }
        self.resume(on: address)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<self.senders { group.addTask { await self.send() } }
            defer { self.stop() }
            try await body()
        }
    }

    /// From now on calls go to a server that has been started again.
    package func resume(on address: String) {
        self.state.withLock { state in
            state.address = address
            state.generation += 1
        }
        self.changed.raise()
    }

    private func stop() {
        self.state.withLock { $0.isStopping = true }
        self.changed.raise()
    }

    private func send() async {
        var failed = 0
        while true {
            let oldest = failed
            let next = try? await self.changed.first { () -> (address: String, generation: Int)?? in
                self.state.withLock { state in
                    if state.isStopping { return .some(nil) }
                    guard let address = state.address, state.generation > oldest else { return nil }
                    return .some((address, state.generation))
                }
            }
            guard let (address, generation) = next ?? nil else { return }
            let loadID = self.ledger.next()
            let recipients = self.recipients(loadID)
            let message = SendEmailBody.message(
                loadID: loadID, from: self.sender, to: recipients.joined(separator: ", "), size: self.size(loadID))
            do {
                let answer = try await self.client.send(SendEmailBody.raw(message, from: self.sender, to: recipients), to: address)
                if let messageID = answer.messageID, answer.status == 200 {
                    self.ledger.record { $0.answered[loadID] = messageID }
                } else if answer.status >= 500 {
                    // Not known to be accepted: Apus says so, and so does SES.
                    self.ledger.record { _ = $0.unanswered.insert(loadID) }
                } else {
                    self.ledger.record { $0.refused[loadID] = answer.summary }
                }
            } catch {
                self.ledger.record { _ = $0.unanswered.insert(loadID) }
                failed = generation
            }
        }
    }
}
