/// What a system says became of messages, by the ids that it answered with.
package struct SystemOutcomes: Sendable {
    /// Delivered to a recipient at least.
    package var delivered: Set<String> = []
    /// Given up for a recipient at least.
    package var bounced: Set<String> = []

    package init() {}
}
