import MailSink

/// Dialogues with a sink.
enum SinkDialogue {
    /// Runs a body with a sink on loopback.
    static func with(_ change: (inout MailSinkConfiguration) -> Void, _ body: (MailSink) async throws -> Void) async throws {
        var configuration = try MailSinkConfiguration.loopback()
        configuration.loops = 1
        change(&configuration)
        let sink = try await MailSink.start(configuration)
        do {
            try await body(sink)
        } catch {
            await sink.stop()
            throw error
        }
        await sink.stop()
    }

    /// The last lines of all replies, from the greeting on.
    static func replies(_ text: String, _ sink: MailSink) async throws -> [String] {
        try await RawClient.talk("EHLO client.test\r\n" + text + "QUIT\r\n", to: sink.addresses[0])
            .split(separator: "\r\n").filter { $0.dropFirst(3).first != "-" }.map(String.init)
    }

    /// The codes of the replies after the one to EHLO.
    static func codes(_ text: String, _ sink: MailSink) async throws -> [String] {
        try await replies(text, sink).dropFirst(2).map { String($0.prefix(3)) }
    }
}
