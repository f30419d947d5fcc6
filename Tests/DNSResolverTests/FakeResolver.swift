import DNSResolver
import Synchronization

/// Answers from a table, so that rules of mail routing are tested without a network.
final class FakeResolver: DNSResolving {
    struct Question: Hashable {
        let name: String
        let type: DNSRecordType
    }

    private let table = Mutex<[Question: Result<DNSAnswer, DNSError>]>([:])

    func set(_ name: String, _ type: DNSRecordType, _ records: DNSRecord..., isSecure: Bool = false) {
        let answer = DNSAnswer(canonicalName: name, records: records, ttl: 60, isSecure: isSecure)
        table.withLock { $0[Question(name: name, type: type)] = .success(answer) }
    }

    func fail(_ name: String, _ type: DNSRecordType, _ code: DNSError.Code) {
        table.withLock { $0[Question(name: name, type: type)] = .failure(DNSError(code, "as told")) }
    }

    func resolve(_ name: String, _ type: DNSRecordType, completion: @escaping Completion) {
        let answer = table.withLock { $0[Question(name: name, type: type)] }
        completion(answer ?? .failure(DNSError(.noData, "not in the table")))
    }
}
