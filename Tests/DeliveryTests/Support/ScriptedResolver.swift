import DNSResolver
import Synchronization

/// DNS as a test wants it; what is not said does not exist.
final class ScriptedResolver: DNSResolving {
    private struct Question: Hashable {
        var name: String
        var type: DNSRecordType
    }

    private let answers = Mutex<[Question: Result<DNSAnswer, DNSError>]>([:])
    private let questions = Mutex<[String]>([])

    var asked: Int { self.questions.withLock { $0.count } }
    /// The names that were asked for, in order.
    var askedNames: [String] { self.questions.withLock { $0 } }

    func set(_ name: String, _ type: DNSRecordType, _ records: [DNSRecord]) {
        self.answers.withLock {
            $0[Question(name: name, type: type)] = .success(DNSAnswer(canonicalName: name, records: records, ttl: 300, isSecure: false))
        }
    }

    func set(_ name: String, _ type: DNSRecordType, _ code: DNSError.Code) {
        self.answers.withLock { $0[Question(name: name, type: type)] = .failure(DNSError(code, "by the test")) }
    }

    /// A domain with one mail exchanger at this IPv4 address.
    func setMX(_ domain: String, host: String, address: [UInt8]) {
        self.set(domain, .mx, [.mx(preference: 10, host: host)])
        self.set(host, .a, [.address(IPAddress(bytes: address)!)])
    }

    func resolve(_ name: String, _ type: DNSRecordType, completion: @escaping Completion) {
        self.questions.withLock { $0.append(name) }
        let known = self.answers.withLock { answers in
            answers[Question(name: name, type: type)]
                ?? .failure(DNSError(answers.keys.contains { $0.name == name } ? .noData : .noSuchDomain, "by the test"))
        }
        completion(known)
    }
}
