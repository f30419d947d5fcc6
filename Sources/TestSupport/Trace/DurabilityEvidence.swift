/// The calls of a trace that durability hangs on, found by what they write and where.
struct DurabilityEvidence {
    /// MessageId to the call that sent its answer.
    private(set) var answers: [String: SystemCall] = [:]
    /// The writes of a record, in the order of their ends: by the load id in its body, and by the name of the file that is its body.
    private(set) var records: [String: [SystemCall]] = [:]
    /// Load id to the path of the file its body was written to.
    private(set) var bodies: [String: String] = [:]
    /// Path of a body to all writes of it.
    private(set) var bodyWrites: [String: [SystemCall]] = [:]
    /// Path of a folder to the call that made it.
    private(set) var folders: [String: SystemCall] = [:]
    private var syncs: [String: [SystemCall]] = [:]

    /// - Parameters:
    ///   - messageIDs: those whose answers are looked for.
    ///   - isJournal: whether a path is one of the files that hold the records.
    ///   - isBody: whether a path is a file that holds a body.
    init(trace: SystemCallTrace, messageIDs: Set<String>, isJournal: (Substring) -> Bool, isBody: (Substring) -> Bool) {
        for call in trace.calls {
            switch call.name {
            case "fsync", "fdatasync":
                if call.result == 0 { self.syncs[String(call.target), default: []].append(call) }
            case "mkdir", "mkdirat":
                if call.result == 0, let path = call.path { self.folders[String(path)] = call }
            case "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg":
                guard let count = call.result, count > 0 else { continue }
                let target = call.target
                if target.hasPrefix("TCP") {
                    let identifiers = Self.answeredIDs(in: call.arguments).filter { messageIDs.contains($0) }
                    for identifier in identifiers where self.answers[identifier] == nil { self.answers[identifier] = call }
                } else if isJournal(target) {
                    let names = Self.words(in: call.arguments, after: SendEmailBody.marker) + Self.references(in: call.arguments)
                    for name in names { self.records[name, default: []].append(call) }
                } else if isBody(target) {
                    let path = String(target)
                    self.bodyWrites[path, default: []].append(call)
                    for loadID in Self.words(in: call.arguments, after: SendEmailBody.marker) { self.bodies[loadID] = path }
                }
            default: break
            }
        }
    }

    /// Whether a sync of a file or folder succeeded that began behind one line and ended before another.
    func isSynced(_ path: String, after begin: Int, before end: Int) -> Bool {
        (self.syncs[path] ?? []).contains { $0.begin > begin && $0.end < end }
    }

    /// Whether a write holds the one record of a call with recipients in several domains.
    ///
    /// Such a record's key is the MessageId, and its value begins with a message of that id (`submitted_message.proto`); the record of
    /// one domain has the domain for its key, and an event's id stands behind another member. In strace's writing that is `ID`, a few
    /// escapes, `\22<ID`.
    static func holdsSubmission(of messageID: String, _ call: SystemCall) -> Bool {
        let bytes = Array(call.arguments.utf8)
        let identifier = Array(messageID.utf8)
        let member = Array(#"\22<"#.utf8) + identifier
        // Two tags, two lengths and two schema numbers, escaped, are shorter.
        let nearby = 40
        return Self.places(of: member, in: bytes).contains { place in
            !Self.places(of: identifier, in: Array(bytes[max(place - nearby - identifier.count, 0)..<place])).isEmpty
        }
    }

    /// `{\"MessageId\":\"0100…-000000\"}` with the quotes as strace writes them. SMTP carries the id too, but not so.
    private static func answeredIDs(in text: String) -> [String] {
        Self.words(in: text, after: #"MessageId\":\""#)
    }

    /// Names of body files: 8, 16 and 32 hexadecimal digits, hyphens between.
    private static func references(in text: String) -> [String] {
        text.utf8.split { !Self.isWord($0) }.compactMap { run in
            guard run.count == 58, run.split(separator: UInt8(ascii: "-")).map(\.count) == [8, 16, 32] else { return nil }
            return String(decoding: run, as: UTF8.self)
        }
    }

    /// The runs of letters, digits and hyphens that follow each `mark`.
    private static func words(in text: String, after mark: String) -> [String] {
        let bytes = Array(text.utf8)
        let mark = Array(mark.utf8)
        return Self.places(of: mark, in: bytes).map { place in
            String(decoding: bytes[(place + mark.count)...].prefix { Self.isWord($0) }, as: UTF8.self)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Where `mark` begins, each place. The first byte decides nearly always: texts have megabytes.
    private static func places(of mark: [UInt8], in bytes: [UInt8]) -> [Int] {
        var places: [Int] = []
        var index = 0
        while index + mark.count <= bytes.count {
            if bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) {
                places.append(index)
                index += mark.count
            } else {
                index += 1
            }
        }
        return places
    }
}
