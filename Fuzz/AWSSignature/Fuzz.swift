import FuzzDriver
import AWSSignature

private let verifier = SigV4Verifier(SigV4Verifier.Configuration(regions: ["us-east-1"]))

/// The input's lines are the request target and then `name: value` header lines.
private func fuzzSignature(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let lines = UnsafeBufferPointer(start: data, count: count).split(separator: 0x0A, omittingEmptySubsequences: false)
    var headers: [(name: String, value: String)] = [(name: "host", value: "h")]
    for line in lines.dropFirst() {
        let parts = line.split(separator: 0x3A, maxSplits: 1, omittingEmptySubsequences: false)
        headers.append((name: String(decoding: parts[0], as: UTF8.self), value: parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""))
    }
    let target = lines.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    let request = SignableRequest(method: "POST", target: target, headers: headers)
    if let claim = try? verifier.claim(in: request, nowUnixSeconds: 1_768_478_400) {
        let key = SigningKey(secret: "secret", day: claim.scope.day, region: claim.scope.region)
        try? verifier.verify(claim, key: key, bodyHash: PayloadHash.hash([]))
    }
    return 0
}

@main
enum Fuzzer {
    static func main() {
        FuzzDriver.run { fuzzSignature($0, $1) }
    }
}
