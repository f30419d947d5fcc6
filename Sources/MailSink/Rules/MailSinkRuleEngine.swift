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
        /// A reply whose text has fields to fill in.
        let template: ReplyTemplate?

        /// The code of a reply that does not accept; nil for all other actions.
        var refusalCode: UInt16? {
            guard case .reply(let reply) = rule.action, reply.code >= 400 else { return nil }
            return reply.code
        }

        /// Whether occurrences are counted.
        fileprivate var counts: Bool { rule.first != nil || rule.after != nil || rule.every != nil || rule.within != nil }

        /// Whether something is counted or drawn.
        fileprivate var isConditional: Bool { counts || rule.probability != nil || rule.delays != nil }

        fileprivate func matches(_ facts: Facts) -> Bool {
            if let encrypted = rule.encrypted, encrypted != facts.isEncrypted { return false }
            if let sender, !sender.matches(facts.sender) { return false }
            if let hello, !hello.matches(facts.hello) { return false }
            if let remote, !remote.matches(facts.remote) { return false }
            if let recipient, !facts.recipients.contains(where: recipient.matches) { return false }
            return true
        }
    }

    private struct Occurrences {
        var count = 0
        /// When the first one was.
        let since: UInt64
    }

    private struct Counts {
        var total: Occurrences?
        var byKey: [String: Occurrences] = [:]
        var random: SplitMix64
    }

    /// Keys of one rule whose occurrences are remembered; the occurrences of further keys count as many.
    private static let maximumKeys = 5_000_000

    private let byStage: [MailSinkStage: [Prepared]]
    private let counts: Mutex<[Counts]>
    private let clock: MailSinkClock
    let needsMessageID: Bool

    init(_ rules: MailSinkRules, clock: MailSinkClock = .system) {
        self.clock = clock
        var random = SplitMix64(state: rules.seed)
        let prepared = rules.rules.enumerated().map { index, rule in
            Prepared(
                rule: rule, index: index, recipient: rule.recipient.map(GlobPattern.init), sender: rule.sender.map(GlobPattern.init),
                hello: rule.hello.map(GlobPattern.init), remote: rule.remote.map(GlobPattern.init), octets: Self.octets(of: rule.action, &random),
                template: Self.template(of: rule.action))
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
        for prepared in rules where prepared.matches(facts) {
            guard let delay = acts(prepared, facts) else { continue }
            acted(prepared.rule.name)
            decision.delay += delay
            if prepared.rule.action == .none { continue }
            decision.rule = prepared
            break
        }
        return decision
    }

    /// The delay of a rule that acts; nil when its turn has not come, or is over.
    private func acts(_ prepared: Prepared, _ facts: Facts) -> Duration? {
        let rule = prepared.rule
        guard prepared.isConditional else { return rule.delay }
        let now = rule.within == nil ? 0 : clock.now()
        return counts.withLock { counts in
            if prepared.counts {
                let seen = Self.count(&counts[prepared.index], prepared, facts, now)
                if let first = rule.first, seen.count > first { return nil }
                if let after = rule.after, seen.count <= after { return nil }
                if let every = rule.every, !seen.count.isMultiple(of: every) { return nil }
                // Another thread may have read the clock a moment later.
                if let within = rule.within, now > seen.since, .nanoseconds(Int64(clamping: now - seen.since)) >= within { return nil }
            }
            if let probability = rule.probability, counts[prepared.index].random.nextUnit() >= probability { return nil }
            guard let delays = rule.delays else { return rule.delay }
            return rule.delay + delays.duration(using: &counts[prepared.index].random)
        }
    }

    private static func count(_ counts: inout Counts, _ prepared: Prepared, _ facts: Facts, _ now: UInt64) -> Occurrences {
        let key: String
        switch prepared.rule.per {
        case .rule:
            counts.total = next(counts.total, now)
            return counts.total ?? Occurrences(since: now)
        case .recipient: key = recipient(prepared, facts)
        case .message: key = facts.messageID ?? facts.sender
        case .connection: key = String(facts.connection)
        case .remote: key = facts.remote
        case .triplet: key = "\(facts.remote)\n\(facts.sender)\n\(recipient(prepared, facts))"
        }
        let known = counts.byKey[key]
        guard known != nil || counts.byKey.count < maximumKeys else { return Occurrences(count: .max, since: 0) }
        let seen = next(known, now)
        counts.byKey[key] = seen
        return seen
    }

    private static func next(_ seen: Occurrences?, _ now: UInt64) -> Occurrences {
        var seen = seen ?? Occurrences(since: now)
        seen.count += 1
        return seen
    }

    private static func recipient(_ prepared: Prepared, _ facts: Facts) -> String {
        facts.recipients.first { prepared.recipient?.matches($0) ?? true } ?? ""
    }

    private static func template(of action: MailSinkRule.Action) -> ReplyTemplate? {
        guard case .reply(let reply) = action else { return nil }
        let template = ReplyTemplate(reply)
        return template.hasFields ? template : nil
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
