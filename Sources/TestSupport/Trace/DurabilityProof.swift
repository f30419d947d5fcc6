import Foundation

/// Checks a trace of the server: no answer leaves before a successful sync that began after its record had been written.
package struct DurabilityProof: Sendable {
    /// MessageIds whose answer was seen leaving.
    package let answered: Set<String>
    /// What does not hold, one line each.
    package let violations: [String]

    /// - Parameters:
    ///   - accepted: load id to MessageId of the calls that were answered 200. A record is known by the load id in the message's body
    ///     (``SendEmailBody/message(loadID:from:to:size:)``), which no event holds; an answer by the MessageId.
    ///   - isJournal: whether a path is one of the files that hold the records.
    package init(trace: SystemCallTrace, accepted: [String: String], isJournal: @Sendable (Substring) -> Bool) {
        let wanted = Set(accepted.values)
        var records: [String: [SystemCall]] = [:]
        var answers: [String: SystemCall] = [:]
        var syncs: [Substring: [SystemCall]] = [:]
        for call in trace.calls {
            switch call.name {
            case "fsync", "fdatasync":
                if call.result == 0 { syncs[call.target, default: []].append(call) }
            case "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg":
                guard let count = call.result, count > 0 else { continue }
                let target = call.target
                if target.hasPrefix("TCP") {
                    for identifier in Self.answeredIDs(in: call.arguments) where wanted.contains(identifier) && answers[identifier] == nil {
                        answers[identifier] = call
                    }
                } else if isJournal(target) {
                    for loadID in Self.words(in: call.arguments, after: SendEmailBody.marker) { records[loadID, default: []].append(call) }
                }
            default: break
            }
        }
        var violations: [String] = []
        for (loadID, identifier) in accepted.sorted(by: { $0.key < $1.key }) {
            guard let answer = answers[identifier] else {
                violations.append("\(loadID): its answer is not in the trace")
                continue
            }
            // Later copies (a retry, a move to another segment) vouch for nothing.
            guard let record = records[loadID]?.first, record.end < answer.begin else {
                violations.append("\(loadID): answered on line \(answer.begin) before its record was written")
                continue
            }
            let isSynced = (syncs[record.target] ?? []).contains { $0.begin > record.end && $0.end < answer.begin }
            if !isSynced {
                violations.append("\(loadID): written on line \(record.end), answered on line \(answer.begin), no sync of \(record.target) between")
            }
        }
        self.answered = Set(answers.keys)
        self.violations = violations
    }

    /// `{\"MessageId\":\"0100…-000000\"}` with the quotes as strace writes them. SMTP carries the id too, but not so.
    private static func answeredIDs(in text: String) -> [String] {
        Self.words(in: text, after: #"MessageId\":\""#)
    }

    /// The runs of letters, digits and hyphens that follow each `mark`.
    private static func words(in text: String, after mark: String) -> [String] {
        let bytes = Array(text.utf8)
        let mark = Array(mark.utf8)
        var words: [String] = []
        var index = 0
        while index + mark.count <= bytes.count {
            guard bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) else {
                index += 1
                continue
            }
            index += mark.count
            let word = bytes[index...].prefix { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"): true
                default: false
                }
            }
            words.append(String(decoding: word, as: UTF8.self))
            index += word.count
        }
        return words
    }
}
