import ArgumentParser
import Foundation

/// `apus dead`: records that could not be handled.
struct Dead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show records that could not be handled, and deal with them.",
        discussion: "They wait for a person, for 90 days at most. `requeue` tries again, `bounce` tells the sender, `discard` drops.",
        subcommands: [List.self, Show.self, Requeue.self, Bounce.self, Discard.self])

    /// `apus dead list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what could not be handled, the oldest first.")

        @OptionGroup var folder: DataOptions

        @Flag(name: .long, help: "Print one JSON object.")
        var json = false

        func run() async throws {
            let dead: AdminAnswer.Dead = try await AdminConnection(folder: self.folder).one(.listDead)
            if self.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                print(String(decoding: try encoder.encode(dead), as: UTF8.self))
                return
            }
            if dead.letters.isEmpty { print("Nothing is dead.") }
            for letter in dead.letters {
                let whose = letter.message.map { " \($0.messageID) to \($0.destination)" } ?? ""
                print("\(letter.id)  \(letter.diedAt) \(whose)\n  \(letter.reason)")
            }
        }
    }

    /// `apus dead show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what is known of a record; its content is not shown.")

        @Argument(help: "The record, as `apus dead list` names it.")
        var id: String

        @OptionGroup var folder: DataOptions

        func run() async throws {
            let dead: AdminAnswer.Dead = try await AdminConnection(folder: self.folder).one(.listDead)
            guard let letter = dead.letters.first(where: { $0.id == self.id }) else {
                throw AdminAnswer.Failure(
                    error: "no dead record \(self.id), or it was dealt with: `apus dead list\(self.folder.again)` shows those there are")
            }
            print("stood at    \(letter.id)\ndied        \(letter.diedAt)\nreason      \(letter.reason)\noctets      \(letter.octets)")
            guard let message = letter.message else {
                print("Its bytes do not say whose it is: it can be put back or dropped, and not bounced.")
                return
            }
            print("message     \(message.messageID)\naccount     \(message.account)\ndestination \(message.destination)")
            for recipient in message.recipients { print("recipient   \(recipient)") }
            if !message.configurationSet.isEmpty { print("set         \(message.configurationSet)") }
            if !message.pool.isEmpty { print("pool        \(message.pool)") }
            print("attempts    \(message.attempt)")
            if let acceptedAt = message.acceptedAt { print("accepted    \(acceptedAt)") }
            if let expiresAt = message.expiresAt { print("expires     \(expiresAt)") }
            if !message.lastReply.isEmpty { print("last reply  \(message.lastReply)") }
        }
    }

    /// What the commands that deal with records share.
    struct Choice: ParsableArguments {
        @Argument(help: "Records, as `apus dead list` names them.")
        var ids: [String] = []

        @Flag(name: .long, help: "All there are.")
        var all = false

        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard self.ids.isEmpty == self.all else { throw ValidationError("Name records, or give --all.") }
        }

        func settle(_ settlement: DeadSettlement) async throws {
            let settled: AdminAnswer.Settled = try await AdminConnection(folder: self.folder).one(.settleDead(settlement, ids: self.ids))
            if settled.ids.isEmpty { print("Nothing is dead.") }
            for id in settled.ids { print("\(settlement.done) \(id)") }
        }
    }

    /// `apus dead requeue`.
    struct Requeue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put records back where they were read.",
            discussion: "For programs that can handle them now. What its deadline has passed bounces then; what was delivered is not sent again.")

        @OptionGroup var choice: Choice

        func run() async throws { try await self.choice.settle(.requeue) }
    }

    /// `apus dead bounce`.
    struct Bounce: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell the senders by Bounce events that records are given up.")

        @OptionGroup var choice: Choice

        func run() async throws { try await self.choice.settle(.bounce) }
    }

    /// `apus dead discard`.
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop records without telling anybody.", discussion: "For bytes that do not say whose they are.")

        @OptionGroup var choice: Choice

        func run() async throws { try await self.choice.settle(.discard) }
    }
}
