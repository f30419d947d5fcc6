import ApusCore
import ApusSchema
import Delivery

extension AdminHandler {
    func listDead() async throws -> AdminAnswer.Dead {
        AdminAnswer.Dead(letters: try await self.dead.waiting().map(Self.answer))
    }

    /// - Parameter ids: all that wait where it is empty.
    func settleDead(_ settlement: DeadSettlement, ids: [String]) async throws -> AdminAnswer.Settled {
        let waiting = try await self.dead.waiting()
        let unknown = ids.filter { id in !waiting.contains { $0.id == id } }
        // Before anything is done: a mistyped one should not leave half of the work.
        guard unknown.isEmpty else {
            throw AdminAnswer.Failure(
                error: "no dead record \(unknown.joined(separator: ", ")), or it was dealt with: `apus dead list` shows those there are")
        }
        var settled: [String] = []
        for letter in waiting where ids.isEmpty || ids.contains(letter.id) {
            do {
                switch settlement {
                case .requeue: try await self.dead.requeue(letter)
                case .bounce: try await self.dead.bounce(letter)
                case .discard: try await self.dead.discard(letter)
                }
            } catch let error as DeadLetterError {
                let done = settled.isEmpty ? "" : ". Done before it: \(settled.joined(separator: ", "))"
                throw AdminAnswer.Failure(error: error.message + done)
            }
            settled.append(letter.id)
        }
        return AdminAnswer.Settled(ids: settled)
    }

    private static func answer(_ letter: DeadLetter) -> AdminAnswer.Dead.Letter {
        AdminAnswer.Dead.Letter(
            id: letter.id, reason: letter.reason, diedAt: self.date(letter.diedAt.rawValue) ?? "", octets: letter.octets,
            message: letter.message.map { message in
                AdminAnswer.Dead.Message(
                    messageID: message.messageID, account: message.account, destination: message.destination, recipients: message.recipients,
                    pool: message.pool, configurationSet: message.configurationSet, attempt: message.attempt,
                    acceptedAt: self.date(message.acceptedAtMs), expiresAt: self.date(message.expiresAtMs), lastReply: message.lastReply)
            })
    }
}
