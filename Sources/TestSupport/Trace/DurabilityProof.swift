/// Checks a trace of the server: no answer leaves before a successful sync that began after its record had been written, and no record
/// is written that names a body which is not on the disk yet, by its bytes and by its name.
package struct DurabilityProof: Sendable {
    /// MessageIds whose answer was seen leaving.
    package let answered: Set<String>
    /// What does not hold, one line each.
    package let violations: [String]

    /// - Parameters:
    ///   - accepted: load id to the call that was answered 200. A record is known by the load id in the message's body
    ///     (``SendEmailBody/message(loadID:from:to:size:)``), which no event holds, or by the name of the file that holds that body; an
    ///     answer by the MessageId.
    ///   - isJournal: whether a path is one of the files that hold the records.
    ///   - isBody: whether a path is a file that holds a body, two folders down from the one for all of them.
    package init(
        trace: SystemCallTrace, accepted: [String: AcceptedCall], isJournal: (Substring) -> Bool, isBody: (Substring) -> Bool
    ) {
        let evidence = DurabilityEvidence(
            trace: trace, messageIDs: Set(accepted.values.map(\.messageID)), isJournal: isJournal, isBody: isBody)
        self.answered = Set(evidence.answers.keys)
        self.violations = accepted.sorted { $0.key < $1.key }.flatMap { loadID, call in
            Self.violations(of: call, loadID, evidence).map { "\(loadID): \($0)" }
        }
    }

    private static func violations(of call: AcceptedCall, _ loadID: String, _ evidence: DurabilityEvidence) -> [String] {
        guard let answer = evidence.answers[call.messageID] else { return ["its answer is not in the trace"] }
        let body = evidence.bodies[loadID]
        if call.isStored, body == nil { return ["its body was written to no file"] }
        // Later copies (a part for one domain, a retry, a move to another segment) vouch for nothing.
        let name = call.isStored ? body.map(Self.lastComponent) ?? "" : loadID
        guard let record = evidence.records[name]?.first, record.end < answer.begin else {
            return ["answered on line \(answer.begin) before its record was written"]
        }
        var violations: [String] = []
        if call.isSplit, !DurabilityEvidence.holdsSubmission(of: call.messageID, record) {
            violations.append("its first record, on line \(record.begin), is not the one of all its domains")
        }
        if !evidence.isSynced(String(record.target), after: record.end, before: answer.begin) {
            violations.append("written on line \(record.end), answered on line \(answer.begin), no sync of \(record.target) between")
        }
        if call.isStored, let body { violations += Self.violations(ofBody: body, before: record, evidence) }
        return violations
    }

    /// A body is there after a power cut when its bytes are, its name in the bucket's folder, and the bucket's name in the folder of all.
    private static func violations(ofBody path: String, before record: SystemCall, _ evidence: DurabilityEvidence) -> [String] {
        let writes = evidence.bodyWrites[path] ?? []
        guard let first = writes.map(\.begin).min(), let last = writes.map(\.end).max() else { return ["its body was written to no file"] }
        let bucket = Self.parent(of: path)
        let folder = Self.parent(of: bucket)
        var violations: [String] = []
        func require(_ path: String, after line: Int, _ what: String) {
            guard !evidence.isSynced(path, after: line, before: record.begin) else { return }
            violations.append("its record, on line \(record.begin), came before a sync of \(what), \(path), that began after line \(line)")
        }
        require(path, after: last, "its body")
        // The name is older than the first byte.
        require(bucket, after: first, "its body's name")
        // By the beginning: whoever sees a folder that another thread is making may sync its name before that call's end is seen here.
        require(folder, after: evidence.folders[bucket]?.begin ?? -1, "its bucket's name")
        return violations
    }

    private static func parent(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
    }

    private static func lastComponent(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }
}
