import ArgumentParser
import MailSink

/// A time on the command line.
enum TimeArgument {
    /// - Throws: `ValidationError` for a text that is none.
    static func milliseconds(_ text: String) throws -> Double {
        guard let value = Milliseconds.value(text) else { throw ValidationError("--for takes a time: 60s, 10m, 1h") }
        return value
    }
}
