import NIOCore
import SMTPProtocol
import Synchronization

/// Decides by a sink's rules. Shared by all event loops; a stage without rules costs a look into an array.
final class MailSinkRuleEngine: Sendable {
    /// What is known when a rule is looked at.
    struct Facts {
        var connection: UInt64 = 0
        var remote = ""
        var hello = ""
        var isEncrypted = false
        var sender = ""
        /// At `rcpt` the one in question.
        var recipients: [String] = []
        var messageID: String?
    }

    /// What to do at a stage.
    struct Decision {
        /// nil is acceptance.
        var rule: Prepared?
        var delay: Duration = .zero
    }

    /// A rule made ready: patterns and octets are built once.
    struct Prepared: Sendable {
        let rule: MailSinkRule
        let index: Int
        let recipient: GlobPattern?
        let sender: GlobPattern?
        let hello: GlobPattern?
        let remote: GlobPattern?
        /// What `raw`, `garbage`, `longLine` and `reply` write.
        let octets: ByteBuffer

        fileprivate func matches(_ facts: Facts) -> Bool {
            if let encrypted = rule.encrypted, encrypted != facts.isEncrypted { return false }
            if let sender, !sender.matches(facts.sender) { return false }
            if let hello, !hello.matches(facts.hello) { return false }
            if let remote, !remote.matches(facts.remote) { return false }
            if let recipient, !facts.recipients.contains(where: recipient.matches) { return false }
            return true
        }
    }

    private struct Counts {
        var total = 0
        var byKey: [String: Int] = [:]
        var random: SplitMix64
    }

    /// Keys of one rule whose occurrences are remembered; the occurrences of further keys count as many.
    private static let maximumKeys = 5_000_000

    private let byStage: [MailSinkStage: [Prepared]]
    private let counts: Mutex<[Counts]>
    let needsMessageID: Bool

    init(_ rules: MailSinkRules) {
        var random = SplitMix64(state: rules.seed)
        let prepared = rules.rules.enumerated().map { index, rule in
            Prepared(
                rule: rule, index: index, recipient: rule.recipient.map(GlobPattern.init), sender: rule.sender.map(GlobPattern.init),
                hello: rule.hello.map(GlobPattern.init), remote: rule.remote.map(GlobPattern.init), octets: Self.octets(of: rule.action, &random))
        }
        byStage = Dictionary(grouping: prepared, by: \.rule.stage)
        counts = Mutex(prepared.map { _ in Counts(random: SplitMix64(state: random.next())) })
        needsMessageID = rules.rules.contains { $0.per == .message }
    }

    func hasRules(at stage: MailSinkStage) -> Bool { !byStage.isEmpty && byStage[stage] != nil }

    /// Looks at the rules of a stage.
    ///
    /// - Parameter acted: called with the name of each rule that acts.
    func decide(_ stage: MailSinkStage, _ facts: Facts, acted: (String) -> Void) -> Decision {
        var decision = Decision()
        guard !byStage.isEmpty, let rules = byStage[stage] else { return decision }
        for prepared in rules where prepared.matches(facts) && occurs(prepared, facts) {
            acted(prepared.rule.name)
            decision.delay += prepared.rule.delay
            if prepared.rule.action == .none { continue }
            decision.rule = prepared
            break
        }
        return decision
    }

    private func occurs(_ prepared: Prepared, _ facts: Facts) -> Bool {
        let rule = prepared.rule
        return counts.withLock { counts in
            if rule.first != nil || rule.after != nil || rule.every != nil {
                let count = Self.count(&counts[prepared.index], prepared, facts)
                if let first = rule.first, count > first { return false }
                if let after = rule.after, count <= after { return false }
                if let every = rule.every, !count.isMultiple(of: every) { return false }
            }
            if let probability = rule.probability { return counts[prepared.index].random.nextUnit() < probability }
            return true
        }
    }

    private static func count(_ counts: inout Counts, _ prepared: Prepared, _ facts: Facts) -> Int {
        let key: String
        switch prepared.rule.per {
        case .rule:
            counts.total += 1
            return counts.total
        case .recipient: key = facts.recipients.first { prepared.recipient?.matches($0) ?? true } ?? ""
        case .message: key = facts.messageID ?? facts.sender
        case .connection: key = String(facts.connection)
        case .remote: key = facts.remote
        }
        guard counts.byKey.count < maximumKeys || counts.byKey[key] != nil else { return .max }
        counts.byKey[key, default: 0] += 1
        return counts.byKey[key] ?? 1
    }

    private static func octets(of action: MailSinkRule.Action, _ random: inout SplitMix64) -> ByteBuffer {
        var output = ByteBuffer()
        switch action {
        case .reply(let reply): reply.write(to: &output)
        case .raw(let bytes): output.writeBytes(bytes)
        case .garbage(let octets):
            output.reserveCapacity(octets + 2)
            // The top bit keeps every octet out of what SMTP is made of.
            for _ in 0..<octets { output.writeInteger(UInt8(truncatingIfNeeded: random.next()) | 0x80) }
            output.writeStaticString("\r\n")
        case .longLine(let code, let octets):
            output.writeString("\(code) ")
            output.writeRepeatingByte(0x78, count: octets)
            output.writeStaticString("\r\n")
        case .accept, .close, .hang, .none: break
        }
        return output
    }
}
