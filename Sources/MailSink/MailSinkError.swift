/// Why a sink cannot start.
package struct MailSinkError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The rules file cannot be read, is no JSON, or says something that has no meaning.
        case invalidRules
        /// The scenario says something that cannot be played.
        case invalidScenario
        /// The folder for messages cannot be made or written.
        case invalidStore
        /// Certificate or key cannot be read or do not fit together.
        case invalidCertificate
    }

    package let code: Code
    /// What is wrong and where, for the person who wrote the setting.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
