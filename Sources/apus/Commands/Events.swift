import ArgumentParser
import Foundation

/// `apus events`: what happened to messages.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Read the events: Send, Delivery, Bounce, …", subcommands: [Tail.self])

    /// `apus events tail`.
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print events, one SES event JSON per line.",
            discussion: "Without --from-start only events from now on are printed, which needs --follow."
        )

        @OptionGroup var folder: DataOptions

        @Flag(name: .long, help: "Begin with the oldest event that is kept.")
        var fromStart = false

        @Flag(name: .long, help: "Wait for new events until interrupted.")
        var follow = false

        func validate() throws {
            guard self.fromStart || self.follow else { throw ValidationError("Name --from-start, --follow or both.") }
        }

        func run() async throws {
            try await AdminConnection(folder: self.folder).each(.tailEvents(fromStart: self.fromStart, follow: self.follow)) { line in
                try FileHandle.standardOutput.write(contentsOf: Data(line + [UInt8(ascii: "\n")]))
            }
        }
    }
}
