import ArgumentParser
import Foundation

/// `apus queue`: what waits.
struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what waits, where, and the far sides' last replies.")

    @OptionGroup var folder: DataOptions

    @Flag(name: .long, help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let queue: AdminAnswer.Queue = try await AdminConnection(folder: self.folder).one(.queue)
        if self.json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(queue), as: UTF8.self))
            return
        }
        if !queue.serverRunning { print("No server runs on this data folder; this is what it will find.") }
        let waiting = queue.topics.filter { $0.waiting > 0 }
        if waiting.isEmpty { print("Nothing waits.") }
        for topic in waiting {
            print("\(topic.waiting) \(topic.waiting == 1 ? "message" : "messages") in \(topic.name)")
        }
        for pool in queue.poolsWithoutWorker {
            print("The pool \(pool) has mail that no worker can deliver: `apus pools show \(pool)`, and delivery.pools")
        }
        for lane in queue.lanes {
            print("")
            print("\(lane.destinations.joined(separator: ", ")) (\(lane.site))")
            print("  waiting \(lane.waiting), in session \(lane.active), deferred \(lane.deferred), connections \(lane.connections)")
            if let oldest = lane.oldestAcceptedAt { print("  oldest accepted \(oldest)") }
            if !lane.waitsFor.isEmpty { print("  waits for \(lane.waitsFor)") }
            if !lane.lastReply.isEmpty { print("  last reply \(lane.lastReplyAt ?? ""): \(lane.lastReply)") }
        }
        if queue.moreWaiting > 0 { print("\nand \(queue.moreWaiting) messages in more lanes") }
    }
}
