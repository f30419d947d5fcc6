import ArgumentParser
import FoundationEssentials
import MailSink

/// A distribution on the command line: a value with its unit, or JSON.
enum DistributionArgument {
    static func octets(_ text: String) throws -> Distribution<Octets> {
        if let value = Octets.value(text) { return .constant(value) }
        do {
            return try JSONDecoder().decode(Distribution<Octets>.self, from: Data(text.utf8))
        } catch {
            throw ValidationError(
                "--size takes octets (10240, 10k, 1m) or a distribution, such as '{\"lognormal\":{\"median\":\"10k\",\"p99\":\"200k\"}}'")
        }
    }
}
