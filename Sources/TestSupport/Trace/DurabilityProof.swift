import Foundation

/// Checks a trace of the server: no answer leaves before a successful sync that began after its record had been written.
package struct DurabilityProof: Sendable {
    /// MessageIds whose answer was seen leaving.
    package let answered: Set<String>
    /// What does not hold, one line each.
    package let violations: [String]

    /// - Parameters:
    ///   - messageIDs: of the calls that were answered 200.
    ///   - journal: what the paths of the files end with that hold the records.
    package init(trace: SystemCallTrace, messageIDs: [String], journal: @Sendable (Substring) -> Bool) {
        let wanted = Set(messageIDs)
        // The first write of each id to each journal file: what comes later are copies and events.
        var records: [String: [SystemCall]] = [:]
        var answers: [String: SystemCall] = [:]
        var syncs: [Substring: [SystemCall]] = [:]
        var violations: [String] = []
        for call in trace.calls {
            switch call.name {
            case "fsync", "fdatasync":
                if call.result == 0 { syncs[call.target, default: []].append(call) }
            case "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg":
                guard let count = call.result, count > 0 else { continue }
                let target = call.target
                let isSocket = target.hasPrefix("TCP")
                guard isSocket || journal(target) else { continue }
                for identifier in Self.identifiers(in: call.arguments, wanted: wanted) {
                    if isSocket {
                        // The API's answer names the member; SMTP, which also carries the id, does not.
                        if answers[identifier] == nil, call.arguments.contains("MessageId") { answers[identifier] = call }
                    } else {
                        records[identifier, default: []].append(call)
                    }
                }
            default: break
            }
        }
        for identifier in messageIDs {
            guard let answer = answers[identifier] else {
                violations.append("\(identifier): the answer is not in the trace")
                continue
            }
            // Only what was written before the answer can be what it vouches for.
            let written = (records[identifier] ?? []).filter { $0.end < answer.begin }
            guard let record = written.first else {
                violations.append("\(identifier): answered on line \(answer.begin) before its record was written")
                continue
            }
            let isSynced = (syncs[record.target] ?? []).contains { $0.begin > record.end && $0.end < answer.begin }
            if !isSynced {
                violations.append("\(identifier): written on line \(record.end), answered on line \(answer.begin), no sync of \(record.target) between")
            }
        }
        self.answered = Set(answers.keys)
        self.violations = violations
    }

    /// The wanted ids that stand in a text: 60 characters of hexadecimal digits and hyphens.
    private static func identifiers(in text: String, wanted: Set<String>) -> Set<String> {
        var found: Set<String> = []
        let bytes = Array(text.utf8)
        var start = 0
        for index in 0...bytes.count {
            let isPart = index < bytes.count && Self.isIDByte(bytes[index])
            if isPart { continue }
            if index - start >= 60 {
                // A length byte before the id may look like a digit: every place in the run is tried.
                for offset in start...(index - 60) {
                    let candidate = String(decoding: bytes[offset..<(offset + 60)], as: UTF8.self)
                    if wanted.contains(candidate) { found.insert(candidate) }
                }
            }
            start = index + 1
        }
        return found
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || byte == UInt8(ascii: "-")
    }
}
